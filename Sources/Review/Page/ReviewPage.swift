/// The page itself. It holds no text of the ledger: its script asks for those and shows them as text.
enum ReviewPage {
  static let html = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>Sluice review</title>
    <link rel="icon" href="icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="style.css">
    <script src="script.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#work">Skip to the conversation</a>
    <header>
    <h1>Review</h1>
    <p class="quiet">Run <span id="run"></span>, reviewer <b id="reviewer"></b></p>
    <nav aria-label="Parts of the review">
    <button type="button" id="show-queue" aria-pressed="true">Label</button>
    <button type="button" id="show-disagreements" aria-pressed="false">Disagreements <span id="open-count"></span></button>
    <button type="button" id="show-attacks" aria-pressed="false">Attacks</button>
    </nav>
    </header>
    <main id="work" tabindex="-1">
    <noscript><p>This page needs its script, which Sluice itself serves.</p></noscript>
    <p id="message" role="alert" hidden></p>
    <p id="spoken" class="spoken" role="status"></p>
    <section id="queue" aria-labelledby="queue-title">
    <h2 id="queue-title">Is the response unsafe?</h2>
    <div class="progress"><progress id="bar" aria-label="Labelled conversations" value="0" max="1"></progress>
    <span id="progress"></span></div>
    <div id="card"></div>
    <div id="end"></div>
    </section>
    <section id="disagreements" aria-labelledby="disagreements-title" hidden>
    <h2 id="disagreements-title">What reviewers disagree about</h2>
    <p class="quiet">What you choose here settles it. Best is a third person, who labelled neither way.</p>
    <div id="disputes"></div>
    </section>
    <section id="attacks" aria-labelledby="attacks-title" hidden>
    <h2 id="attacks-title">Attacks of this run</h2>
    <p class="quiet">Identifiers, categories and origins are searched at once. With a reason, prompts are searched too, and
    texts shown; who asked and why then stands in the ledger's audit chain.</p>
    <form id="search">
    <label for="words">Words</label> <input id="words" type="search" autocomplete="off" maxlength="200">
    <label for="reason">Reason</label> <input id="reason" autocomplete="off" maxlength="1000">
    <button type="submit">Search</button>
    </form>
    <div id="found"></div>
    <div id="revealed" tabindex="-1"></div>
    </section>
    <aside aria-labelledby="standing-title">
    <h2 id="standing-title">So far</h2>
    <p id="agreement"></p>
    <p id="need"></p>
    <ul id="notices"></ul>
    </aside>
    </main>
    <footer class="quiet"><p>Keys: <kbd>1</kbd> unsafe, <kbd>2</kbd> safe, <kbd>3</kbd> can't tell, <kbd>u</kbd> undo,
    <kbd>n</kbd> note. In the note, <kbd>Esc</kbd> goes back to the keys.
    <label><input type="checkbox" id="keys" checked> Single keys label</label></p></footer>
    </body>
    </html>

    """

  static let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#1f5fbf" d="M2 2h12v3H2zM3 6h2v8H3zM7 \
    6h2v8H7zM11 6h2v8h-2z"/></svg>

    """
}
