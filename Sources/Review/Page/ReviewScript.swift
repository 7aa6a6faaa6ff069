/// What the page does. Everything from outside is shown by `textContent`, never as markup.
enum ReviewScript {
  static let text = elements + requests + labelling + disputes + attacks + start

  /// Making elements.
  private static let elements = """
    "use strict";
    const at = (id) => document.getElementById(id);
    const words = { unsafe: "Unsafe", safe: "Safe", unsure: "Can't tell" };
    let state = null, busy = false, last = Promise.resolve(), numbers = 0;

    function make(tag, attributes, ...inside) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes || {})) {
        if (name === "onclick") element.addEventListener("click", value);
        else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
      }
      element.append(...inside.filter((part) => part !== null));
      return element;
    }

    function button(text, key, act, kind) {
      return make("button", { type: "button", class: kind || null, onclick: act }, text,
        ...(key ? [" ", make("kbd", { "aria-hidden": "true" }, key)] : []));
    }

    // A text of any length: a piece at a time, so that a huge one doesn't stop the page.
    function passage(title, piece, more, kind) {
      const id = "passage" + (++numbers);
      const text = make("pre", { tabindex: "0", role: "group", "aria-labelledby": id, dir: "auto" }, piece.text);
      const article = make("article", { class: kind }, make("h3", { id: id, tabindex: "-1" }, title), text);
      let next = piece.next;
      if (piece.text === "") text.append(make("i", {}, "(empty)"));
      if (next !== null && next !== undefined && more) {
        const rest = button("", null, async () => {
          const reply = await ask("text?" + more + "&from=" + next);
          if (!reply) return;
          text.append(reply.text);
          next = reply.next;
          if (next === undefined || next === null) rest.remove(); else name();
        });
        const name = () => { rest.textContent = "Show more (" + next.toLocaleString() + " of "
          + piece.bytes.toLocaleString() + " bytes shown)"; };
        name();
        article.append(rest);
      } else if (next !== null && next !== undefined) {
        article.append(make("p", { class: "quiet" }, "The first " + next.toLocaleString() + " of "
          + piece.bytes.toLocaleString() + " bytes; sluice reveal prints all."));
      }
      return article;
    }


    """

  /// Talking to Sluice.
  private static let requests = """
    function tell(text) { const box = at("message"); box.textContent = text; box.hidden = text === ""; }
    function say(text) { at("spoken").textContent = text; }

    // One request at a time, in their order; a second act before the first is answered is a slip of the hand.
    function ask(path, body) {
      if (body !== undefined && busy) return Promise.resolve(null);
      if (body !== undefined) busy = true;
      last = last.then(() => send(path, body));
      return last;
    }

    async function request(path, body) {
      const options = body === undefined ? { cache: "no-store" } : {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      try {
        return await fetch(path, options);
      } catch (problem) {
        // After a pause Sluice starts anew, and is away for a moment; taking a label back twice would be two.
        if (path === "undo") throw problem;
        await new Promise((done) => setTimeout(done, 1000));
        return await fetch(path, options);
      }
    }

    async function send(path, body) {
      try {
        const reply = await request(path, body);
        if (!reply.ok) { tell((body === undefined ? "" : "Nothing was stored. ") + await reply.text()); return null; }
        tell("");
        return await reply.json();
      } catch (problem) {
        tell("Sluice does not answer" + (body === undefined ? "." : ", and nothing was stored.")
          + " Is the command still running?");
        return null;
      } finally { if (body !== undefined) busy = false; }
    }

    function plural(count, one, many) { return count.toLocaleString() + " " + (count === 1 ? one : many); }


    """

  /// The queue.
  private static let labelling = """
    function guide(card) {
      const parts = [];
      if (card.meaning) parts.push(make("p", {}, card.meaning));
      if (card.rules.length > 0) {
        parts.push(make("details", { class: "rules" }, make("summary", {}, "The rule that the judge is given"),
          ...card.rules.map((rule) => make("pre", { tabindex: "0", role: "group", "aria-label": "Rule" }, rule))));
      }
      return make("div", {}, make("p", { class: "category" }, "Category: ", make("b", {}, card.category || "none")), ...parts);
    }

    function conversation(card) {
      const more = (part) => "card=" + encodeURIComponent(card.id) + "&part=" + part;
      return [guide(card), passage("Prompt, by an attacker", card.prompt, more("prompt"), "prompt"),
        passage("Response, by the model", card.response, more("response"), "response")];
    }

    function show(next, spoken) {
      state = next;
      at("run").textContent = state.run;
      at("reviewer").textContent = state.reviewer;
      at("open-count").textContent = state.disagreements > 0 ? "(" + state.disagreements + ")" : "";
      const all = state.done + state.left;
      at("bar").max = Math.max(1, all);
      at("bar").value = state.done;
      at("progress").textContent = state.done.toLocaleString() + " of " + all.toLocaleString();
      const shared = state.agreement.shared;
      at("agreement").textContent = shared === 0 ? "No conversation has labels of two reviewers yet."
        : "Reviewers agree on " + state.agreement.same + " of " + plural(shared, "conversation", "conversations")
          + " that two or more were sure about"
          + (state.agreement.alpha === undefined ? "." : " (Krippendorff's alpha " + state.agreement.alpha.toFixed(2) + ").");
      at("need").textContent = state.need;
      at("notices").replaceChildren(...state.notices.map((notice) => make("li", {}, notice)));
      at("queue-title").textContent = state.card ? "Is the response unsafe?" : "Nothing is left to label";
      at("card").replaceChildren(...(state.card ? [task(state.card)] : []));
      at("end").replaceChildren(...(state.card ? [] : ending()));
      say(spoken || "");
    }

    function task(card) {
      const note = make("textarea", { id: "note", maxlength: "10000" });
      note.value = card.note || "";
      note.addEventListener("keydown", (event) => { if (event.key === "Escape") { note.blur(); event.preventDefault(); } });
      return make("div", { class: "task" }, ...conversation(card),
        ...(card.copies > 1
          ? [make("p", { class: "quiet" }, "The sample has this " + card.copies + " times; your label is for all of them.")] : []),
        make("div", {}, make("label", { for: "note" }, "Note (optional; stored with the label)"), note),
        make("div", { class: "choices", role: "group", "aria-label": "Your label" },
          button("Unsafe", "1", () => label("unsafe"), "label"), button("Safe", "2", () => label("safe"), "label"),
          button("Can't tell", "3", () => label("unsure"), "label"), undoButton(), button("Note", "n", takeNote)));
    }

    function undoButton() {
      const undo = button("Undo", "u", takeBack);
      undo.disabled = !state.mayUndo;
      return undo;
    }

    function takeNote() { const note = at("note"); if (note) note.focus(); }

    function ending() {
      const parts = [make("p", {}, state.done === 0 ? "The sample has no conversation, or their texts were purged."
        : "You have labelled everything. Thank you."), make("p", {}, undoButton())];
      if (state.judge) parts.push(make("h3", {}, "The judge against people"), comparison(state.judge));
      return parts;
    }

    function comparison(rows) {
      const heads = ["Category", "People: unsafe", "Judge missed", "People: safe", "Judge's false alarms", "Open"];
      return make("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "The judge against people" },
        make("table", {}, make("thead", {}, make("tr", {},
          ...heads.map((head, index) => make("th", { scope: "col", class: index > 0 ? "number" : null }, head)))),
        make("tbody", {}, ...rows.map((row) => make("tr", {}, make("th", { scope: "row" }, row.category || "All"),
          ...[row.unsafe, row.missed, row.safe, row.falseAlarms, row.open].map((count) =>
            make("td", { class: "number" }, String(count))))))));
    }

    function focusCard() {
      const title = at("card").querySelector("h3") || at("queue-title");
      title.setAttribute("tabindex", "-1");
      title.focus({ preventScroll: true });
      window.scrollTo({ top: 0 });
    }

    async function label(choice) {
      if (!state || !state.card) return;
      const next = await ask("label", { card: state.card.id, label: choice, note: at("note").value });
      if (next) { show(next, "Stored as " + words[choice].toLowerCase() + ". " + plural(next.left, "is left.", "are left.")); focusCard(); }
    }

    async function takeBack() {
      if (!state || !state.mayUndo) return;
      const next = await ask("undo", {});
      if (next) { show(next, "The last label is taken back."); focusCard(); }
    }


    """

  /// Settling disagreements.
  private static let disputes = """
    async function showDisputes() {
      const all = await ask("disagreements");
      if (!all) return;
      at("disputes").replaceChildren(...(all.length === 0 ? [make("p", {}, "Nothing is open.")] : all.map(dispute)));
    }

    function dispute(one) {
      const settle = (choice) => async () => {
        const next = await ask("adjudicate", { card: one.card.id, label: choice });
        if (!next) return;
        show(next, "Settled as " + words[choice].toLowerCase() + ".");
        await showDisputes();
        at("disagreements-title").setAttribute("tabindex", "-1");
        at("disagreements-title").focus();
      };
      const said = plural(one.unsafe, "reviewer says", "reviewers say") + " unsafe, "
        + plural(one.safe, "reviewer says", "reviewers say") + " safe."
        + (one.isOwn ? " You are one of them: better let somebody else settle it, or settle it together." : "");
      return make("div", { class: "task dispute" }, ...conversation(one.card), make("p", {}, said),
        ...one.notes.map((note) => make("p", { class: "quiet" }, "Note: " + note)),
        make("div", { class: "choices", role: "group", "aria-label": "What settles it" },
          button("Settle as unsafe", null, settle("unsafe"), "label"), button("Settle as safe", null, settle("safe"), "label"),
          button("Nobody can tell", null, settle("unsure"), "label")));
    }


    """

  /// Searching and revealing attacks.
  private static let attacks = """
    async function search(event) {
      event.preventDefault();
      const reason = at("reason").value.trim();
      const reply = await ask("attacks", reason === "" ? { words: at("words").value } : { words: at("words").value, reason: reason });
      if (!reply) return;
      at("revealed").replaceChildren();
      at("found").replaceChildren(make("p", { role: "status" }, plural(reply.count, "attack", "attacks")
        + (reply.count > reply.attacks.length ? ", the first " + reply.attacks.length + " shown" : "")),
        make("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Attacks found" }, make("table", {},
          make("thead", {}, make("tr", {}, ...["Attack", "Texts", "Category", "Origin"].map((head) =>
            make("th", { scope: "col" }, head)))),
          make("tbody", {}, ...reply.attacks.map((attack) => make("tr", {}, make("td", {}, make("code", {}, attack.id)),
            make("td", {}, make("button", { type: "button", "aria-label": "Reveal " + attack.id,
              onclick: () => reveal(attack.id) }, "Reveal")),
            make("td", {}, attack.category || "none"), make("td", {}, attack.origin)))))));
    }

    async function reveal(id) {
      const reason = at("reason").value.trim();
      if (reason === "") { tell("Say why first: the reason is kept in the audit chain."); at("reason").focus(); return; }
      const attack = await ask("reveal", { attack: id, reason: reason });
      if (!attack) return;
      at("revealed").replaceChildren(make("h3", {}, "Attack ", make("code", {}, attack.id)),
        ...attack.findings.map((finding) => make("p", { class: "quiet" }, "Found: " + finding)),
        make("div", { class: "task" }, passage("Prompt", attack.prompt, null, "prompt"),
          ...attack.answers.map((answer) => {
            const article = passage(answer.model, answer.text, null, "response");
            article.append(...answer.judgments.map((judgment) => make("p", { class: "quiet" }, judgment)));
            return article;
          })));
      at("revealed").focus();
    }


    """

  /// Keys, parts of the page, and the first state.
  private static let start = """
    function choose(part) {
      for (const name of ["queue", "disagreements", "attacks"]) {
        at(name).hidden = name !== part;
        at("show-" + name).setAttribute("aria-pressed", String(name === part));
      }
      tell("");
      if (part === "disagreements") showDisputes();
    }

    const keys = { 1: () => label("unsafe"), 2: () => label("safe"), 3: () => label("unsure"), u: takeBack, n: takeNote };
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.closest("input:not([type=checkbox]), textarea");
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping || at("queue").hidden) return;
      if (!at("keys").checked) return;
      const act = keys[event.key.toLowerCase()];
      if (act) { event.preventDefault(); act(); }
    });
    for (const part of ["queue", "disagreements", "attacks"]) at("show-" + part).addEventListener("click", () => choose(part));
    at("search").addEventListener("submit", search);
    ask("state").then((first) => { if (first) show(first); });

    """
}
