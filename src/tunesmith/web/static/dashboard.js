// What every page does; each module looks for its own parts and does nothing without them.
import { watchActions } from "./actions.js";
import { watchFigures } from "./figures.js";
import { watchKeys } from "./keys.js";
import { watchChanges } from "./live.js";
import { watchTable } from "./table.js";

watchTable();
watchActions();
watchKeys();
watchFigures();
watchChanges();
document.body.dataset.ready = "yes";
