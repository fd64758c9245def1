/** The first and smallest file: the editor itself is fetched only where its place is. */
const place = document.getElementById("rule-editor");

if (place) {
  void import("./mount").then(({ editorMount }) => editorMount(place));
}
