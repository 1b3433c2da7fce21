// Photos chosen in a form[data-send-photos=NEXT_URL] are made smaller on the phone, kept on this device
// (IndexedDB) and sent one by one, each until it is answered and always with its own key: neither a weak
// network, a closed page nor being signed out loses one or sends one twice. What waits goes on when the
// page is opened again. Then NEXT_URL opens. Without this script the form is sent as a whole.
// Words: data-sending, data-waiting, data-waiting-open (nothing can be kept here), data-turn (the server
// is busy: 503 with Retry-After), data-refused.
const LONGEST = 1600;
const SMALL_ENOUGH = 400_000; // bytes
const RETRY_MS = 4000;
const LONGEST_PAUSE_MS = 60_000;
const TIMEOUT_MS = 90_000;
const WEEK_MS = 7 * 24 * 3600 * 1000;
const MINUTE_MS = 60_000;
const REFUSED_FOR_GOOD = [400, 404, 410, 413, 422];
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const answered = (request) => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });

const openStore = async () => {
  const request = indexedDB.open("cho-phien-photos", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "key" });
  const base = await answered(request);
  const act = (mode, verb, ...what) => answered(base.transaction("waiting", mode).objectStore("waiting")[verb](...what));
  return { put: (photo) => act("readwrite", "put", photo), drop: (key) => act("readwrite", "delete", key), all: () => act("readonly", "getAll") };
};
let store = null; // forbidden, for example in a private window

// What must outlive a reload; forgotten at once where the browser keeps nothing
const noted = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
const note = (name, words) => {
  try {
    sessionStorage.setItem(name, words);
    return true;
  } catch { return false; }
};

// An older Safari has no createImageBitmap; where pictures are turned upright by themselves an <img> does as well
const drawable = async (file) => {
  if (window.createImageBitmap) return createImageBitmap(file, { imageOrientation: "from-image" });
  if (!CSS.supports("image-orientation", "from-image")) throw new Error("not upright");
  const photo = new Image();
  photo.src = URL.createObjectURL(file);
  await photo.decode();
  return photo;
};
const smaller = async (file) => {
  if (file.size <= SMALL_ENOUGH || !file.type.startsWith("image/")) return file;
  try {
    const photo = await drawable(file);
    const scale = Math.min(1, LONGEST / Math.max(photo.width, photo.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(photo.width * scale), height: Math.round(photo.height * scale) });
    canvas.getContext("2d").drawImage(photo, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.86); });
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch { return file; } // the server decides what it is
};

const equip = (form) => {
  const input = form.querySelector("input[type=file]");
  const box = form.querySelector("[data-photos-say]");
  const preview = form.querySelector("[data-photos-waiting]");
  const address = new URL(form.action, location).pathname;
  const refusedIn = `photos-refused:${address}`;
  const queue = [];
  let isSending = false;
  let count = 0;
  let kept = 0;
  let refused = [];
  let turnMs = 0; // how long the server wants us to wait
  let tries = 0;

  const say = (words, look) => {
    box.hidden = !words;
    box.textContent = words;
    box.className = look;
    box.setAttribute("role", look === "field__error" ? "alert" : "status");
  };
  const about = (kind) => say(form.dataset[kind].replace("%s", `${count - queue.length + 1}/${count}`), kind === "sending" ? "saved" : "saved saved--off");
  const line = (photo) => {
    queue.push(photo);
    count += 1;
    const seen = new Image(112, 84);
    seen.src = URL.createObjectURL(photo.file);
    seen.alt = photo.file.name;
    seen.dataset.key = photo.key;
    preview?.append(seen);
  };
  // What became of a photo: the sentences against it, or null when it was not answered yet
  const sendOne = async ({ key, file }) => {
    const content = new FormData();
    content.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    content.append(input.name, file);
    const answer = await fetch(address, { method: "POST", body: content, headers: { "Idempotency-Key": key, Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.redirected || answer.status === 403) { await signedOut(); return null; }
    turnMs = answer.headers.has("Retry-After") ? 1000 * (Number(answer.headers.get("Retry-After")) || 1) : 0;
    if (!answer.ok && !REFUSED_FOR_GOOD.includes(answer.status)) return null;
    const words = await answer.json().catch(() => ({ refused: [form.dataset.refused.replace("%s", file.name)] }));
    if (answer.ok) kept += words.kept;
    return words.refused;
  };
  const signedOut = async () => { // sign-in leads back here, where the sending goes on
    if (!store || Date.now() - Number(noted("photos-reloaded")) < MINUTE_MS) return;
    if (!note("photos-reloaded", Date.now())) return;
    location.reload();
    await new Promise(() => {});
  };
  const send = async () => {
    if (isSending) return;
    isSending = true;
    form.classList.add("is-busy");
    while (queue.length) {
      const [photo] = queue;
      about("sending");
      turnMs = 0;
      const words = await sendOne(photo).catch(() => null);
      if (words === null) {
        about(turnMs && form.dataset.turn ? "turn" : store ? "waiting" : "waitingOpen");
        const growing = Math.min(RETRY_MS * 2 ** Math.min(tries, 4), LONGEST_PAUSE_MS);
        tries += 1;
        const pause = turnMs ? Math.max(turnMs, growing * (0.5 + Math.random() / 2)) : RETRY_MS;
        await new Promise((done) => { setTimeout(done, pause); addEventListener("online", done, { once: true }); });
        continue;
      }
      tries = 0;
      refused.push(...words);
      await store?.drop(photo.key).catch(() => {});
      queue.shift();
      preview?.querySelector(`[data-key="${photo.key}"]`)?.remove();
    }
    isSending = false;
    form.classList.remove("is-busy");
    if (!kept) { say(refused.join(" "), "field__error"); [refused, count] = [[], 0]; return; }
    if (refused.length) note(refusedIn, refused.join(" "));
    const next = new URL(form.dataset.sendPhotos, location);
    const isHere = next.pathname + next.search === location.pathname + location.search;
    location.assign(next);
    if (isHere) location.reload(); // another place on the page alone loads nothing
  };

  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    for (const chosen of files) {
      const photo = { key: newKey(), address, file: await smaller(chosen), at: Date.now() };
      await store?.put(photo).catch(() => {}); // the device is full: sent all the same
      line(photo);
      send();
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("button").hidden = true; // choosing is sending
  const words = noted(refusedIn);
  note(refusedIn, "");
  if (words) say(words, "field__error");
  const goOn = (photos) => {
    for (const photo of photos) {
      if (Date.now() - photo.at > WEEK_MS) store.drop(photo.key);
      else if (photo.address === address) line(photo);
    }
    if (queue.length) send();
  };
  if (store) store.all().then(goOn, () => {});
};
const begin = (opened) => {
  store = opened;
  document.querySelectorAll("form[data-send-photos]").forEach(equip);
};
openStore().then(begin, () => begin(null));
