// One button for all code cells; without scripts each cell's own toggle works.
(function () {
  var button = document.getElementById("all-code");
  var cells = Array.from(document.querySelectorAll("details.code"));
  if (!cells.length) return;
  button.hidden = false;
  button.addEventListener("click", function () {
    var open = cells.some(function (cell) { return !cell.open; });
    cells.forEach(function (cell) { cell.open = open; });
  });
  function label() {
    var all = cells.every(function (cell) { return cell.open; });
    button.textContent = all ? button.dataset.hide : button.dataset.show;
  }
  cells.forEach(function (cell) { cell.addEventListener("toggle", label); });
})();
