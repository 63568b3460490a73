// What every module builds elements with. Text from the API is always a text node: nothing here parses HTML.

import htm from "htm";
import { h, render } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";

export const html = htm.bind(h);
export { render, useEffect, useId, useMemo, useRef, useState };
