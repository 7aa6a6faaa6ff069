/// The page's whole appearance.
enum StyleSheet {
  static var text: Markup { "\(colours)\(page)\(verdict)\(checks)\(charts)\(tables)\(script)\(media)" }

  /// What the current language's script needs. Japanese has no spaces: lines end between phrases where the browser knows them, at
  /// any character else, never before a closing mark; it has no italics and no tightened letters.
  private static var script: Markup {
    say(
      en: "",
      ja: """
        body { font-family: system-ui, -apple-system, "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic UI", "Yu Gothic",
          Meiryo, "Noto Sans CJK JP", "Noto Sans JP", sans-serif; line-height: 1.7; line-break: strict;
          word-break: auto-phrase; text-spacing-trim: trim-start; }
        h1, h2, .value b { letter-spacing: 0; } .headline { line-height: 1.5; }
        th, .word, .tags li { word-break: auto-phrase; } thead th { min-width: 4.5em; } tbody th { min-width: 6em; }
        code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", "Noto Sans Mono CJK JP", monospace; }

        """)
  }

  /// Contrast of text on its ground is at least 4.5 to 1 in both sets. Blue, orange and green-blue stay apart for
  /// readers who don't see red and green as different.
  private static let colours: Markup = """
    :root { --paper: #fff; --ground: #f5f6f8; --ink: #16181d; --quiet: #5a6070; --rule: #dfe2e8; --zone: #e4e8ef;
      --pass: #08695a; --pass-soft: #e3f3ef; --fail: #b3261e; --fail-soft: #fbe9e7; --open: #8a5300;
      --open-soft: #fdf1dc; --candidate: #1f5fbf; --baseline: #5f6673; --control: #a3470f; --other: #6a3fa0;
      --heat-b: #fbe9e7; --heat-c: #f5c6c0; --heat-d: #eb9d94; --heat-e: #df7468; }
    @media screen and (prefers-color-scheme: dark) {
      :root { --paper: #14161a; --ground: #1c1f25; --ink: #eceef2; --quiet: #a3a9b6; --rule: #33373f; --zone: #2a2f38;
        --pass: #5fd3b8; --pass-soft: #12302a; --fail: #ff9a8f; --fail-soft: #3a1a18; --open: #f3bd5b;
        --open-soft: #36280f; --candidate: #8ab6ff; --baseline: #aab0bc; --control: #f09a62; --other: #c5a4f2;
        --heat-b: #3a1a18; --heat-c: #5a241f; --heat-d: #7a2c26; --heat-e: #96332b; }
    }

    """

  private static let page: Markup = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI",
      Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
    main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
    section { margin-top: 3.5rem; }
    h2 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; letter-spacing: -.01em; }
    h2.small { font-size: .9rem; margin: 0 0 .4rem; letter-spacing: 0; }
    h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
    h4 { font-size: 1rem; margin: 0; }
    p { margin: 0 0 .75rem; }
    .lead { max-width: 44rem; color: var(--quiet); margin-bottom: 1.25rem; }
    .quiet { color: var(--quiet); font-size: .8125rem; }
    .none { color: var(--quiet); }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    code { font: .9em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }

    """

  private static let verdict: Markup = """
    .badge { width: 1.15em; height: 1.15em; flex: none; vertical-align: -.22em; fill: currentColor; }
    .badge .glyph { fill: none; stroke: var(--paper); stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; }
    .badge.pass, .word.pass { color: var(--pass); } .badge.fail, .word.fail { color: var(--fail); }
    .badge.open, .word.open { color: var(--open); }
    .verdict { border-radius: 14px; padding: 2rem 2.25rem; }
    .verdict.pass { background: var(--pass-soft); } .verdict.fail { background: var(--fail-soft); }
    .verdict.open { background: var(--open-soft); }
    .kicker { color: var(--quiet); font-size: .9rem; margin: 0 0 .5rem; }
    h1 { display: flex; align-items: center; gap: .35em; font-size: 3.25rem; line-height: 1.1; letter-spacing: -.025em;
      margin: 0; }
    .verdict.pass h1 { color: var(--pass); } .verdict.fail h1 { color: var(--fail); }
    .verdict.open h1 { color: var(--open); }
    .headline { font-size: 1.375rem; line-height: 1.35; margin: .5rem 0 1.5rem; }
    .why { list-style: none; margin: 0; padding: 0; max-width: 50rem; }
    .why li { display: flex; gap: .6rem; margin: 0 0 .5rem; }
    .why .badge { margin-top: .2em; }
    .weakened { border-left: 5px solid var(--open); padding: .1rem 0 .1rem 1rem; margin: 0 0 1.5rem; max-width: 50rem; }
    .weakened ul, .remedies { margin: 0; padding-left: 1.2rem; } .weakened p { margin: .4rem 0 0; }
    .remedies { max-width: 50rem; } .why + .small, .why + .quiet + .small { margin-top: 1.25rem; }
    .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem 2rem;
      margin: 1.75rem 0 0; }
    .facts dt, .provenance dt { color: var(--quiet); font-size: .8125rem; }
    .facts dd { margin: 0; font-weight: 600; }
    .notices { margin-top: 1.5rem; border: 1px solid var(--rule); border-left: 5px solid var(--open);
      border-radius: 8px; padding: 1rem 1.25rem; }
    .notices ul { margin: 0; padding-left: 1.2rem; }
    .release { margin-top: 2rem; display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1.5rem 2.5rem; }
    .release ul, .release ol { margin: 0; padding-left: 1.2rem; } .release li { margin: 0 0 .35rem; }
    details summary { cursor: pointer; color: var(--quiet); font-size: .8125rem; }

    """

  private static let checks: Markup = """
    .check { display: grid; grid-template-columns: 5fr 6fr 3.2fr; gap: .5rem 2rem; padding: 1.1rem 0;
      border-top: 1px solid var(--rule); }
    .checks { border-bottom: 1px solid var(--rule); }
    .what p { color: var(--quiet); font-size: .875rem; margin: .15rem 0 0; }
    .result p, .shape p { margin: 0; }
    .result { text-align: right; }
    .word { font-weight: 650; }
    .word .badge { margin-right: .35em; }
    .value b { font-size: 1.5rem; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; }
    .noun { color: var(--quiet); font-size: .8125rem; font-weight: 400; }
    .range { color: var(--quiet); font-size: .875rem; }

    """

  private static let charts: Markup = """
    svg { display: block; overflow: visible; }
    svg.badge { display: inline-block; }
    .sample { display: inline-block; vertical-align: -.1em; }
    text { fill: var(--quiet); font-size: 12px; } text.strong { fill: var(--ink); font-weight: 600; }
    .axis, .grid { stroke: var(--rule); stroke-width: 1; } .zero { stroke: var(--quiet); stroke-width: 1; }
    .allowed { fill: var(--zone); } .limit { stroke: var(--ink); stroke-width: 2; }
    .mark line { stroke-width: 6; stroke-linecap: round; opacity: .5; }
    .mark circle, .mark path { stroke: var(--paper); stroke-width: 2; }
    .mark.pass { stroke: var(--pass); fill: var(--pass); } .mark.fail { stroke: var(--fail); fill: var(--fail); }
    .mark.open { stroke: var(--open); fill: var(--open); }
    .mark.candidate { stroke: var(--candidate); fill: var(--candidate); }
    .mark.baseline { stroke: var(--baseline); fill: var(--baseline); }
    .mark.baseline path { fill: var(--paper); stroke: var(--baseline); }
    .mark.candidate line, .mark.baseline line { stroke-width: 4; }
    .curve { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
    .curve.candidate { stroke: var(--candidate); } .curve.baseline { stroke: var(--baseline); stroke-dasharray: 7 4; }
    .curve.control { stroke: var(--control); stroke-dasharray: 2 3; }
    .curve.other { stroke: var(--other); } .curve.even { stroke-dasharray: 10 3 2 3; } .curve.odd { stroke-dasharray: 4 4; }
    .trend { stroke: var(--quiet); stroke-width: 1.5; } .t1 { stroke-dasharray: 7 4; } .t2 { stroke-dasharray: 2 3; }
    .t3 { stroke-dasharray: 10 3 2 3; }
    .dot { stroke: var(--paper); stroke-width: 1; } .dot.candidate { fill: var(--candidate); }
    .dot.baseline { fill: var(--baseline); } .dot.control { fill: var(--control); opacity: .6; }
    .dot.other { fill: var(--other); opacity: .7; } svg.map { border: 1px solid var(--rule); border-radius: 8px; }
    text.halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
    .heat .h1 { background: var(--heat-b); } .heat .h2 { background: var(--heat-c); }
    .heat .h3 { background: var(--heat-d); } .heat .h4 { background: var(--heat-e); }
    .bounds, .held { display: block; font-size: .75rem; white-space: nowrap; }
    .bar rect { fill: var(--baseline); opacity: .55; }
    figure { margin: 0 0 1.5rem; } figcaption { font-weight: 600; margin-bottom: .5rem; }
    .axisname { color: var(--quiet); font-size: .8125rem; text-align: right; margin: 0; }
    .legend { list-style: none; margin: .25rem 0 .75rem; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem;
      font-size: .875rem; }
    .tags { list-style: none; margin: 0 0 1rem; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
    .tags li { background: var(--ground); border-radius: 999px; padding: .15rem .8rem; font-size: .875rem; }

    """

  private static let tables: Markup = """
    .wide { overflow-x: auto; overflow-wrap: normal; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    table.narrow { width: auto; min-width: 24rem; }
    th, td { text-align: left; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid var(--rule);
      vertical-align: middle; }
    th:last-child, td:last-child { padding-right: 0; }
    thead th { color: var(--quiet); font-weight: 500; font-size: .8125rem; vertical-align: bottom; }
    tbody th { font-weight: 600; } tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
    .number { text-align: right; white-space: nowrap; } thead .number { white-space: normal; }
    th .noun, td .noun { display: block; } table.outcomes { width: auto; min-width: 24rem; }
    .categories .chart { width: 46%; } .categories td.chart { padding-top: 0; padding-bottom: 0; }
    .stages .chart { width: 24%; } .stages td { vertical-align: top; } .stages .bar { margin-top: .4rem; }
    .hash { overflow-wrap: anywhere; } td.hash { min-width: 14rem; } .prompt { min-width: 16rem; }
    .provenance { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .9rem 2rem;
      margin: 1.5rem 0; }
    .provenance dd { margin: 0; } .provenance ul { margin: 0; padding-left: 1.1rem; }

    """

  private static let media: Markup = """
    @media (max-width: 46rem) {
      main { padding: 1rem 1rem 3rem; }
      .verdict { padding: 1.25rem; } h1 { font-size: 2.4rem; } .headline { font-size: 1.2rem; }
      .facts { grid-template-columns: 1fr 1fr; }
      .check { grid-template-columns: 1fr; } .result { text-align: left; } .shape { order: 1; }
      .tick.minor { display: none; }
      .wide table { min-width: 38rem; } .wide table.narrow, .wide table.stack { min-width: 0; }
      .stack thead { display: none; } .stack tr { display: block; border-bottom: 1px solid var(--rule); padding: .5rem 0; }
      .stack th, .stack td { display: block; border: 0; padding: .05rem 0; text-align: left; white-space: normal; }
      .stack td.hash { min-width: 0; }
      .stack td[data-label]::before { content: attr(data-label) ": "; color: var(--quiet); font-size: .8125rem; font-weight: 400; }
      .result .value, .result .range { display: inline-block; margin-right: .75rem; }
      .categories thead th:not(.chart) { display: none; }
      .categories tr { display: grid; grid-template-columns: 1fr 1fr 1.2fr; gap: 0 .75rem; border-bottom: 1px solid var(--rule);
        padding: .6rem 0; }
      .categories th, .categories td { border: 0; padding: 0; text-align: left; }
      .categories tbody th, .categories .chart { grid-column: 1 / -1; width: auto; }
      .categories th .noun { display: inline; margin-left: .5rem; }
      table.outcomes { width: 100%; min-width: 0; } .outcomes thead { display: none; }
      .outcomes tr { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 0 .75rem; border-bottom: 1px solid var(--rule);
        padding: .6rem 0; }
      .outcomes th, .outcomes td { border: 0; padding: 0; text-align: left; } .outcomes th { grid-column: 1 / -1; }
      .outcomes th .noun { display: inline; margin-left: .5rem; }
      .outcomes td[data-label]::before, .categories td[data-label]::before { content: attr(data-label) " "; color: var(--quiet); font-size: .8125rem; }
    }
    @media print {
      @page { margin: 16mm 14mm; }
      body { font-size: 9.5pt; } main { max-width: none; padding: 0; } section { margin-top: 1.75rem; }
      * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
      .check, tr, figure, .notices, .lead, article { break-inside: avoid; }
      h2, h3, thead, .lead, .legend, .tags, figcaption { break-after: avoid; }
      .wide { overflow: visible; }
    }

    """
}
