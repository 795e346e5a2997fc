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

  // A piece of the page at data-live is asked for again every data-every seconds, while somebody can see it.
  function renew(piece) {
    let running = false;
    const every = Number(piece.dataset.every || 2) * 1000;
    const timer = setInterval(async () => {
      if (document.hidden || running || piece.contains(document.activeElement)) return;
      running = true;
      try {
        const found = await fetch(piece.dataset.live, { credentials: "same-origin" });
        const words = await found.text();
        if (words !== piece.innerHTML) piece.innerHTML = words;
        if (!found.ok || piece.querySelector("[data-done]")) clearInterval(timer);
      } catch { piece.classList.add("busy"); running = false; return; }
      piece.classList.remove("busy");
      running = false;
    }, every);
  }
  document.querySelectorAll("[data-live]").forEach(renew);

  // What stands in a form is sent to data-preview after a pause in typing; what comes back is put into data-into.
  document.querySelectorAll("form[data-preview]").forEach(form => {
    const into = document.querySelector(form.dataset.into);
    let waiting, last = 0, typed = 0, side = "";
    // Pieces of the answer that name another place go there: the text or the form, so that both say the same.
    const put = piece => {
      const place = document.getElementById(piece.dataset.for);
      if (place.value !== undefined) place.value = piece.value;
      else place.replaceChildren(piece.content);
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
