// Shows every .offline[data-offline] while the device has no network. Says nothing when it comes back but hides.
const show = () => document.querySelectorAll(".offline[data-offline]").forEach((box) => { box.hidden = navigator.onLine; });
addEventListener("online", show);
addEventListener("offline", show);
show();
