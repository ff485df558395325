// The list of all definitions, at the end of the page.

import { drawGlossary } from "../definitions.js";

export const glossary = ({ element }) => drawGlossary(element.querySelector("#glossary"));
