// Finds tables that are wider than their comment, folded ones too, and writes them into the page.
(() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const found = [];
  const tables = [...document.querySelectorAll("table")];
  for (const table of tables) {
    const name = table.closest("article").dataset.name;
    const head = table.rows[0].textContent.trim().replace(/\s+/g, " ");
    if (table.scrollWidth > table.clientWidth) found.push(`${name}: ${head}: ${table.scrollWidth} in ${table.clientWidth}`);
  }
  for (const article of document.querySelectorAll("article"))
    for (const child of article.children)
      if (child.getBoundingClientRect().right > article.getBoundingClientRect().right)
        found.push(`${article.dataset.name}: ${child.tagName} leaves the comment`);
  const elements = [...new Set([...document.querySelectorAll("article *")].map((one) => one.localName))];
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = JSON.stringify({ found, tables: tables.length, elements: elements.sort() });
  document.body.append(out);
})();
