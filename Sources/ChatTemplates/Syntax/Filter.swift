/// Jinja's filters, with transformers' own `tojson`. Missing are those that no prompt needs (`urlize`, `xmlattr`, …).
enum Filter: String, Sendable {
  case abs, attr, batch, capitalize, center, `default`, dictsort, escape, first, float, forceescape, format, groupby
  case indent, int, items, join, last, length, list, lower, map, max, min, reject, rejectattr, replace, reverse, round
  case safe, select, selectattr, slice, sort, string, sum, title, tojson, trim, truncate, unique, upper, wordcount

  init?(_ name: String) {
    switch name {
    case "d": self = .default
    case "e": self = .escape
    case "count": self = .length
    default: self.init(rawValue: name)
    }
  }
}
