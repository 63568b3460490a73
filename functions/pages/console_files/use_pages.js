// A list that the API gives page by page, as it grows on the screen.

import { useEffect, useState } from "./elements.js";

/** `load`: takes the query of a page, and gives its entries and its pagination. `length`: of the first page. */
export function usePages(load, length) {
  const [listed, setListed] = useState({ entries: [], cursor: null, hasMore: true });
  const [problem, setProblem] = useState(null);
  const [isLoading, setLoading] = useState(false);

  async function more(limit = length) {
    if (isLoading) return;
    setLoading(true);
    try {
      const { entries, pagination } = await load({ limit, cursor: listed.cursor });
      setListed({ entries: [...listed.entries, ...entries], cursor: pagination.nextCursor, hasMore: pagination.hasMore });
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
    setLoading(false);
  }

  useEffect(() => {
    more();
  }, []);
  return { ...listed, problem, isLoading, more };
}
