// Keeps what is typed in a form[data-autosave=URL] on the server after a pause and says in
// [data-autosave-says] what is true: saving, the server's own words (`say`), or not sent yet. It goes
// on trying, unless one has been signed out; until the server has answered, js/draft.js holds a copy on
// this device.
const PAUSE_MS = 1200;
const RETRY_MS = 4000;
const TIMEOUT_MS = 20000;
const box = document.querySelector("[data-autosave-says]");
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const say = (words, isKept) => {
  (box.querySelector("span") ?? box).textContent = words;
  box.classList.toggle("saved--off", !isKept);
};
const contentOf = (form) => {
  const content = new FormData(form);
  [...content].forEach(([name, value]) => { if (value instanceof File || name === "idempotency_key") content.delete(name); });
  content.set("form_key", form.elements.idempotency_key.value); // once the form itself was taken, this is old
  return content;
};
// What this form wrote itself is no news to it: core/row_forms.py
const takeMarks = (form, marks) => {
  const shown = form.elements.as_shown;
  if (!shown || !marks) return;
  try { shown.value = JSON.stringify({ ...JSON.parse(shown.value), ...marks }); } catch { /* then the server asks once */ }
};
const equip = (form) => {
  let timer = 0;
  let isSending = false;
  let isDirty = false;
  let parcel = null; // what is on its way; sent again with the same key until it is answered
  const later = (ms) => { clearTimeout(timer); timer = setTimeout(send, ms); };
  const send = async (keepalive = false) => {
    clearTimeout(timer);
    if (isSending) return;
    if (isDirty) { parcel = { key: newKey(), body: contentOf(form) }; isDirty = false; }
    if (!parcel) return;
    isSending = true;
    say(box.dataset.sending, true);
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body: parcel.body, keepalive: keepalive === true, headers: { "Idempotency-Key": parcel.key, Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (answer.redirected || answer.status === 403) { say(box.dataset.signedOut, false); isSending = false; return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const kept = await answer.json();
      parcel = null;
      takeMarks(form, kept.marks);
      if (!isDirty) {
        say(kept.say, !kept.is_wrong && !kept.is_old);
        if (!kept.is_old) form.dispatchEvent(new Event("draft:confirmed"));
      }
    } catch {
      say(box.dataset.offline, false);
      later(RETRY_MS);
    }
    isSending = false;
    if (isDirty) later(PAUSE_MS);
  };
  const changed = () => { isDirty = true; later(PAUSE_MS); };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  document.addEventListener("submit", (event) => {
    if (event.target !== form) send(true);
    else { clearTimeout(timer); isDirty = false; parcel = null; } // the form goes itself, whole
  });
  addEventListener("online", () => { if (parcel || isDirty) send(); });
  addEventListener("pagehide", () => { if (isDirty) send(true); });
  // What js/draft.js has not brought back is on the server already.
  addEventListener("load", () => { if (!isDirty) form.dispatchEvent(new Event("draft:confirmed")); });
};
document.querySelectorAll("form[data-autosave]").forEach(equip);
