// The console's one script: passkeys, figures that renew themselves, a preview while somebody types, and the reader's zone.
// Pages are whole without it, but for passkeys, which only a script can ask for. It loads nothing, and runs nothing it is sent.
"use strict";
(() => {
  const octets = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), one => one.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = some => (some || []).map(one => ({ ...one, id: octets(one.id) }));

  async function answer(kind, said) {
    const asked = JSON.parse(said);
    asked.challenge = octets(asked.challenge);
    asked.excludeCredentials = listed(asked.excludeCredentials);
    asked.allowCredentials = listed(asked.allowCredentials);
    if (asked.user) asked.user.id = octets(asked.user.id);
    const made = kind === "make"
      ? await navigator.credentials.create({ publicKey: asked })
      : await navigator.credentials.get({ publicKey: asked });
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature"])
      if (made.response[name]) response[name] = text(made.response[name]);
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  }

  document.addEventListener("submit", async event => {
    const form = event.target, kind = form.dataset.passkey, field = form.elements.answer;
    if (!kind || !field || field.value) return;
    event.preventDefault();
    const alarm = form.querySelector("[role=alert]");
    if (alarm) alarm.hidden = true;
    try {
      field.value = await answer(kind, form.dataset.options);
      form.submit();
    } catch (wrong) {
      field.value = "";
      if (alarm) { alarm.hidden = false; alarm.querySelector("code").textContent = wrong.name; }
    }
  });

  // Pieces of the page renew themselves while somebody can see it: those that name the same data-stream over one stream of
  // events, and each by asking at data-live every data-every seconds where there is none, or as long as it is broken.
  function put(piece, words) {
    piece.words = words;
    piece.classList.remove("busy");
    // Not under somebody's fingers: it is put in when they leave.
    if (piece.shown === words || piece.contains(document.activeElement)) return;
    piece.innerHTML = piece.shown = words;
  }
  document.addEventListener("focusout", event => {
    const piece = event.target.closest("[data-live]");
    if (piece && piece.words !== undefined) setTimeout(() => put(piece, piece.words));
  });

  // A browser opens few connections to one host: two streams at most, so that the page that halts an order is never kept waiting.
  async function place() {
    for (const name of navigator.locks ? ["console stream 1", "console stream 2"] : []) {
      const leave = await new Promise(found => navigator.locks.request(name, { ifAvailable: true },
        lock => lock ? new Promise(left => found(left)) : found(null)));
      if (leave) return leave;
    }
    return null;
  }

  function renew(pieces, address) {
    const silent = 40000;  // the server says something every 15 seconds
    let stream = null, leave = null, began = 0, heard = 0, listen = 0, tries = 0, over = false;
    const close = () => {
      if (stream) stream.close();
      if (leave) leave();
      stream = leave = null;
    };
    const broke = () => {
      close();
      listen = Date.now() + Math.min(60000, 2000 * 2 ** tries++) * (1 + Math.random());
      heard = 0;
    };
    const done = () => { if (pieces.some(one => one.querySelector("[data-done]"))) { over = true; close(); } };
    async function open() {
      listen = Infinity;
      leave = await place();
      if (!leave || document.hidden) return broke();
      stream = new EventSource(address);
      began = Date.now();
      stream.onerror = broke;
      const said = event => { heard = Date.now(); tries = 0; return event.data; };
      stream.addEventListener("beat", said);
      for (const piece of pieces)
        stream.addEventListener(piece.dataset.event, event => { put(piece, said(event)); done(); });
      // Signed out, or refused: asking for the piece says which.
      stream.addEventListener("over", () => { broke(); pieces.forEach(one => { one.due = 0; }); });
    }
    async function ask(piece) {
      piece.due = Infinity;
      try {
        const found = await fetch(piece.dataset.live, { credentials: "same-origin" });
        put(piece, await found.text());
        if (!found.ok) { over = true; close(); }
        piece.slow = 1;
        done();
      } catch {
        piece.classList.add("busy");
        piece.slow = Math.min(16, 2 * (piece.slow || 1));
      }
      piece.due = Date.now() + 1000 * (piece.dataset.every || 2) * piece.slow;
    }
    for (const piece of pieces) piece.due = Date.now() + 1000 * (piece.dataset.every || 2);
    const timer = setInterval(() => {
      const now = Date.now();
      if (over) return clearInterval(timer);
      if (document.hidden) { if (stream) { close(); listen = heard = 0; } return; }
      if (address && now >= listen) open();
      if (stream && now - Math.max(began, heard) > silent) broke();
      if (now - heard > silent) pieces.filter(one => now >= one.due).forEach(ask);
    }, 250);
  }
  const live = [...document.querySelectorAll("[data-live]")];
  for (const address of new Set(live.map(one => one.dataset.stream || "")))
    renew(live.filter(one => (one.dataset.stream || "") === address), address);

  // What stands in a form is sent to data-preview after a pause in typing; what comes back is put into data-into.
  document.querySelectorAll("form[data-preview]").forEach(form => {
    const into = document.querySelector(form.dataset.into);
    let waiting, last = 0, typed = 0, side = "";
    // Pieces of the answer that name another place go there: the text or the form, so that both say the same.
    const put = piece => {
      const place = document.getElementById(piece.dataset.for);
      if (place.value !== undefined) place.value = piece.value;
      else if (place.innerHTML !== piece.innerHTML) place.replaceChildren(piece.content);
      piece.remove();
    };
    const ask = async () => {
      const mine = ++last, then = typed, body = new URLSearchParams(new FormData(form));
      body.set("side", side);
      into.classList.add("busy");
      try {
        const found = await fetch(form.dataset.preview, { method: "POST", body });
        const words = await found.text();
        if (mine !== last || then !== typed) return;
        into.innerHTML = words;
        into.querySelectorAll("[data-for]").forEach(put);
      } finally { if (mine === last) into.classList.remove("busy"); }
    };
    const soon = event => {
      typed++;
      side = event.target.name.startsWith("form-") ? "form" : event.target.name;
      clearTimeout(waiting);
      waiting = setTimeout(ask, 500);
    };
    form.addEventListener("input", soon);
    if (form.dataset.at === "once") ask();
  });

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = "zone=" + encodeURIComponent(zone) + "; path=/console/; max-age=31536000; samesite=lax";
})();
