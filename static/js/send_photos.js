// Photos chosen in a form[data-send-photos=NEXT_URL] are made smaller on the phone and sent one by one,
// each until it is answered, so that a weak network loses nothing. Then the page NEXT_URL opens.
// Without this script the form is sent as a whole.
const LONGEST = 1600;
const SMALL_ENOUGH = 400_000; // bytes
const RETRY_MS = 4000;
const TIMEOUT_MS = 90_000;
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const smaller = async (file) => {
  if (file.size <= SMALL_ENOUGH || !file.type.startsWith("image/")) return file;
  try {
    const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(photo.width, photo.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(photo.width * scale), height: Math.round(photo.height * scale) });
    canvas.getContext("2d").drawImage(photo, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.86); });
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch { return file; } // the server decides what it is
};
const sendOne = async (form, file, words) => {
  const key = newKey();
  const content = new FormData();
  content.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  content.append("photos", await smaller(file));
  for (;;) {
    try {
      const answer = await fetch(form.action, { method: "POST", body: content, headers: { "Idempotency-Key": key, Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (answer.ok && !answer.redirected) return (await answer.json()).refused;
      if (answer.status === 422) return (await answer.json()).refused;
      if (answer.status < 500) { location.reload(); return []; } // signed out, or the page grew old
    } catch { /* no network: again in a moment */ }
    words("waiting");
    await pause(RETRY_MS);
    words("sending");
  }
};
document.querySelectorAll("form[data-send-photos]").forEach((form) => {
  const input = form.querySelector("input[type=file]");
  const box = form.querySelector("[data-photos-say]");
  const send = async () => {
    const files = [...input.files];
    if (!files.length) return;
    form.classList.add("is-busy");
    input.disabled = true;
    const refused = [];
    for (const [number, file] of files.entries()) {
      const words = (kind) => { box.hidden = false; box.textContent = form.dataset[kind].replace("%s", `${number + 1}/${files.length}`); };
      words("sending");
      refused.push(...await sendOne(form, file, words));
    }
    if (!refused.length) { location.href = form.dataset.sendPhotos; location.reload(); return; }
    input.disabled = false;
    input.value = "";
    form.classList.remove("is-busy");
    box.textContent = refused.join(" ");
    box.setAttribute("role", "alert");
    if (refused.length < files.length) setTimeout(() => { location.href = form.dataset.sendPhotos; location.reload(); }, 6000);
  };
  input.addEventListener("change", send);
  form.addEventListener("submit", (event) => { if (input.files.length) { event.preventDefault(); send(); } });
});
