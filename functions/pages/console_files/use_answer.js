// What the API answers to a request, as it arrives.

import { useEffect, useState } from "./elements.js";

/**
 * Sends a request now, when `dependencies` change, and at `reload`. `load`: takes an AbortSignal, and gives a promise.
 * `replace`: shows another answer, such as that of an update.
 */
export function useAnswer(load, dependencies) {
  const [state, setState] = useState({ answer: null, problem: null, isLoading: true });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const settle = (settled) => controller.signal.aborted || setState((before) => ({ ...before, ...settled, isLoading: false }));
    setState((before) => ({ ...before, isLoading: true }));
    load(controller.signal).then(
      (answer) => settle({ answer, problem: null }),
      (problem) => settle({ problem }),
    );
    return () => controller.abort();
  }, [...dependencies, attempt]);
  return {
    ...state,
    reload: () => setAttempt((before) => before + 1),
    replace: (answer) => setState({ answer, problem: null, isLoading: false }),
  };
}
