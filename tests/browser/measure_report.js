// Finds what overlaps or leaves its page, asks axe-core, and tells the frame around the page what was found.
(async () => {
  const found = [];
  const opens = document.body.dataset.open === "true";
  for (const each of document.querySelectorAll("details")) each.open = opens;
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) found.push(`the page is ${page.scrollWidth} wide, the window ${innerWidth}`);
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || !parent.checkVisibility() || parent.closest("svg.azsec, .hidden, .skip, script, style")) continue;
    if (parent.closest("thead") && getComputedStyle(parent.closest("thead")).position === "absolute") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects())
      if (r.width > 0 && r.height > 0) texts.push({ node, x: r.left, right: r.right, y: r.top + scrollY, bottom: r.bottom + scrollY });
  }
  for (const text of texts)
    if (text.x < -0.5 || text.right > innerWidth + 0.5) found.push(`leaves the page: ${text.node.textContent.trim().slice(0, 60)}`);
  texts.sort((a, b) => a.y - b.y);
  texts.forEach((a, i) => {
    for (let j = i + 1; j < texts.length && texts[j].y < a.bottom - 3; j += 1) {
      const b = texts[j];
      if (a.node !== b.node && a.x < b.right - 1 && b.x < a.right - 1 && b.y < a.bottom - 3)
        found.push(`texts overlap: ${a.node.textContent.trim().slice(0, 40)} / ${b.node.textContent.trim().slice(0, 40)}`);
    }
  });
  const told = await axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
  for (const rule of told.violations)
    found.push(`axe ${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message || "")).join(" | ")}`);
  parent.postMessage(JSON.stringify({
    found, texts: texts.length, passes: told.passes.length, width: innerWidth,
    paper: getComputedStyle(document.body).backgroundColor,
  }), "*");
})();
