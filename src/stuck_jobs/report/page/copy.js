"use strict";
{
  const copy = async (button) => {
    const code = button.previousElementSibling;
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      document.execCommand("copy"); // where the page is served without TLS
    }
    button.textContent = "Copied";
    document.getElementById("said").textContent = `Copied: ${code.textContent}`;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  document.addEventListener("click", (event) => {
    if (event.target.matches(".copy")) copy(event.target);
  });
}
