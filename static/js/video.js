// Puts the player of [data-video=ADDRESS] into its frame when the fold is opened, never before.
document.querySelectorAll("[data-video]").forEach((fold) => {
  const frame = fold.querySelector("[data-video-frame]");
  if (!fold.dataset.video) return;
  fold.addEventListener("toggle", () => {
    if (!fold.open) { frame.replaceChildren(); return; }
    const player = document.createElement("iframe");
    player.src = fold.dataset.video;
    player.title = fold.dataset.title;
    player.allow = "encrypted-media; fullscreen; picture-in-picture";
    player.referrerPolicy = "strict-origin-when-cross-origin";
    frame.hidden = false;
    frame.replaceChildren(player);
  });
});
