/// A page of HTML that needs no network and no script, follows the reader's light or dark setting, and prints.
enum HTMLPage {
  /// - Parameter main: what the page shows, each part with a line feed behind it.
  static func bytes(in language: Language = .current, title: Markup, _ main: Markup) -> [UInt8] {
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="\(language.rawValue)">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(title)</title>
      <style>
      \(StyleSheet.text)</style>
      </head>
      <body>
      <main>
      \(main)</main>
      </body>
      </html>

      """
    return Array(page.html.utf8)
  }
}
