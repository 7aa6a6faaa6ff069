/// How the page looks: light and dark as the reader's system is, one column on a phone. Contrast of text is at least 4.5 to 1.
enum ReviewStyle {
  static let css = """
    :root { --paper: #fff; --ground: #f5f6f8; --ink: #16181d; --quiet: #565c6b; --rule: #dfe2e8; --edge: #767d8c;
      --act: #1f5fbf; --act-ink: #fff; --alarm: #b3261e; --alarm-soft: #fbe9e7; }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #14161a; --ground: #1c1f25; --ink: #eceef2; --quiet: #a3a9b6; --rule: #33373f; --edge: #8b92a1;
        --act: #8ab6ff; --act-ink: #10131a; --alarm: #ff9a8f; --alarm-soft: #3a1a18; }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body { margin: 0 auto; max-width: 68rem; padding: 1rem 1.5rem 3rem; background: var(--paper); color: var(--ink);
      font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
      overflow-wrap: anywhere; }
    [hidden] { display: none !important; }
    header { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: baseline;
      border-bottom: 1px solid var(--rule); padding-bottom: .75rem; }
    h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.25rem; margin: 1.25rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; }
    header p { margin: 0; } nav { display: flex; flex-wrap: wrap; gap: .5rem; margin-left: auto; }
    main { display: grid; grid-template-columns: minmax(0, 1fr) 17rem; gap: 0 2rem; align-items: start; outline: none; }
    #message { grid-column: 1 / -1; grid-row: 1; }
    section { grid-column: 1; grid-row: 2; min-width: 0; }
    aside { grid-column: 2; grid-row: 2; background: var(--ground); border-radius: 10px; padding: 0 1rem .5rem;
      margin-top: 1.25rem; }
    aside p, aside ul { font-size: .9rem; } #notices { padding-left: 1.1rem; }
    .quiet { color: var(--quiet); font-size: .875rem; }
    #message { background: var(--alarm-soft); color: var(--alarm); border-radius: 8px; padding: .75rem 1rem; margin: 1rem 0 0;
      font-weight: 600; }
    .spoken, .skip { position: absolute; left: -100vw; } .skip:focus { left: 1rem; top: .5rem; background: var(--paper);
      padding: .5rem; }
    .progress { display: flex; gap: .75rem; align-items: center; font-size: .9rem; color: var(--quiet); }
    progress { flex: 1; height: .6rem; accent-color: var(--act); }
    .task { display: grid; gap: 1rem; margin-top: 1rem; }
    article { border: 1px solid var(--rule); border-radius: 10px; padding: .75rem 1rem; }
    article.response { border-color: var(--edge); border-width: 2px; }
    pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 0; max-height: 26rem; overflow: auto;
      unicode-bidi: plaintext; }
    .category { margin: 0; } .rules pre { font: .85rem/1.45 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace;
      color: var(--quiet); }
    summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
    .choices { display: flex; flex-wrap: wrap; gap: .5rem; position: sticky; bottom: 0; background: var(--paper);
      padding: .75rem 0; border-top: 1px solid var(--rule); }
    .dispute .choices { position: static; }
    button, input, textarea { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--edge);
      border-radius: 8px; padding: .45rem .9rem; min-height: 2.75rem; }
    input[type="checkbox"] { min-height: 0; vertical-align: middle; }
    button { cursor: pointer; } button:disabled { color: var(--quiet); border-color: var(--rule); cursor: default; }
    button[aria-pressed="true"], .choices .label { background: var(--act); color: var(--act-ink); border-color: var(--act);
      font-weight: 600; }
    kbd { font: .85em ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; border: 1px solid currentColor;
      border-radius: 4px; padding: 0 .35em; }
    h2:focus, h3:focus, #revealed:focus { outline: none; }
    :focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
    textarea { width: 100%; min-height: 4.5rem; margin-top: .25rem; } label { font-size: .9rem; }
    #search { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; } #search input { flex: 1 1 12rem; min-width: 8rem; }
    .wide { overflow-x: auto; overflow-wrap: normal; margin: 1rem 0; }
    table { border-collapse: collapse; width: 100%; min-width: 34rem; font-size: .9rem; }
    th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: middle; }
    thead th { color: var(--quiet); font-weight: 500; } td.number, th.number { text-align: right; }
    code { font: .9em ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; }
    .dispute + .dispute { margin-top: 2.5rem; border-top: 1px solid var(--rule); }
    @media (max-width: 48rem) {
      body { padding: .75rem .9rem 2rem; } nav { margin-left: 0; }
      main { display: block; } #search label { flex: 1 1 100%; } aside { padding-top: .1rem; } nav button { padding: .35rem .7rem; }
      .choices kbd { display: none; } pre { max-height: 18rem; } .choices button { flex: 1 1 30%; padding: .45rem .5rem; }
    }

    """
}
