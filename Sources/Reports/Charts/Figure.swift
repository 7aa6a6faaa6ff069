import Core

/// Marks that all charts share. Each is told apart by its shape; colour only repeats it.
enum Figure {
  /// Text alternatives are part of every chart.
  static func chart(
    id: Int, kind: Markup, height: Int, title: String, description: String, _ content: Markup
  ) -> Markup {
    """
    <svg class="\(kind)" role="img" aria-labelledby="c\(id)t c\(id)d" width="100%" height="\(height)">\
    <title id="c\(id)t">\(title)</title><desc id="c\(id)d">\(description)</desc>\(content)</svg>
    """
  }

  /// A circle with a tick, an octagon with a cross, a diamond with a question mark.
  static func badge(_ verdict: Verdict) -> Markup {
    let shape: Markup =
      switch verdict {
      case .pass: #"<circle cx="12" cy="12" r="11"/><path class="glyph" d="M7 12.5l3.4 3.4L17.2 8.6"/>"#
      case .fail:
        #"<path d="M7.6 1h8.8L23 7.6v8.8L16.4 23H7.6L1 16.4V7.6z"/><path class="glyph" d="M8 8l8 8M16 8l-8 8"/>"#
      case .inconclusive:
        """
        <path d="M12 .6L23.4 12 12 23.4.6 12z"/>\
        <path class="glyph" d="M9.3 9.6c0-3.6 5.4-3.5 5.4-.2 0 2-2.7 2.1-2.7 4.3M12 16.9v.2"/>
        """
      }
    return #"<svg class="badge \#(name(verdict))" viewBox="0 0 24 24" aria-hidden="true">\#(shape)</svg>"#
  }

  static func name(_ verdict: Verdict) -> Markup {
    switch verdict {
    case .pass: "pass"
    case .fail: "fail"
    case .inconclusive: "open"
    }
  }

  static func word(_ verdict: Verdict) -> String { Words.capitalised(Words.verdict(verdict)) }

  /// The verdict of a run; `Would pass` where it only observed.
  static func word(_ summary: RunSummary) -> String { Words.capitalised(summary.verdictPhrase) }

  /// A mark at a percentage of the width; its shape is drawn around the origin.
  static func mark(x: Double, y: Double, _ shape: Markup) -> Markup {
    #"<svg x="\#(x)%" y="\#(y)" overflow="visible">\#(shape)</svg>"#
  }

  static let disc: Markup = #"<circle r="5.5"/>"#
  static let diamond: Markup = #"<path d="M0-6.5L6.5 0 0 6.5-6.5 0z"/>"#

  /// An interval with its value: a thick bar and a mark.
  static func interval(
    _ estimate: Estimate, on scale: PlotScale, y: Double, kind: Markup, shape: Markup = disc
  ) -> Markup {
    """
    <g class="\(kind)"><line x1="\(scale.position(estimate.lower))%" x2="\(scale.position(estimate.upper))%" \
    y1="\(y)" y2="\(y)"/>\(mark(x: scale.position(estimate.value), y: y, shape))</g>
    """
  }

  /// Text that stays inside the chart wherever its place is.
  static func label(_ text: String, x: Double, y: Double, kind: Markup = "tick") -> Markup {
    let anchor: Markup = x < 12 ? "start" : x > 88 ? "end" : "middle"
    return #"<text class="\#(kind)" x="\#(x)%" y="\#(y)" text-anchor="\#(anchor)">\#(text)</text>"#
  }
}
