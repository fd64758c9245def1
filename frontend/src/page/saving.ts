/** Saving the draft by itself: a moment after the last change, one request at a time, again when the network was away. */
import { useEffect, useRef, useState } from "preact/hooks";
import { mayPass, type Api, type ApiFailure } from "../api";
import type { Draft } from "../draft";
import { same } from "../json";
import { t } from "../texts";
import type { RuleRow } from "./rule";

export type SaveState =
  | { kind: "saved" | "unsaved" | "saving" }
  | { kind: "failed"; reason: string; of: Draft; isFinal: boolean }
  | { kind: "conflict"; theirs: RuleRow };

const PAUSE_MS = 700;
const RETRY_MS = 4_000;

interface Saving {
  state: SaveState;
  /** Saves what is not saved; false when it could not. */
  flush(): Promise<boolean>;
  /** Go on from this stored row: `theirs` taken, or overwritten. */
  rebase(row: RuleRow): void;
}

export function useSaving(
  api: Api,
  row: RuleRow,
  present: Draft,
  isReadOnly: boolean,
  onSaved: (row: RuleRow) => void,
): Saving {
  const stored = useRef<{ draft: Draft; number: number }>({
    draft: { name: row.name, definition: row.draft },
    number: row.draft_number,
  });
  const latest = useRef(present);
  latest.current = present;
  const running = useRef<Promise<boolean> | null>(null);
  const [state, setState] = useState<SaveState>({ kind: "saved" });
  const isConflict = state.kind === "conflict";

  async function save(): Promise<boolean> {
    while (!same(stored.current.draft, latest.current)) {
      const sent = latest.current;
      setState({ kind: "saving" });
      try {
        const saved = await api<RuleRow>("PATCH", `rules/${row.id}/`, {
          name: sent.name,
          draft: sent.definition,
          draft_number: stored.current.number,
        });
        stored.current = { draft: sent, number: saved.draft_number };
        onSaved(saved);
      } catch (error) {
        const failure = error as ApiFailure;
        if (failure.status === 409)
          setState({ kind: "conflict", theirs: await api<RuleRow>("GET", `rules/${row.id}/`) });
        else
          setState({
            kind: "failed",
            reason: failure.status === 0 ? t("noConnection") : failure.message,
            of: sent,
            isFinal: !mayPass(failure),
          });
        return false;
      }
    }
    setState({ kind: "saved" });
    return true;
  }

  function flush(): Promise<boolean> {
    running.current ??= save().finally(() => {
      running.current = null;
    });
    return running.current;
  }

  useEffect(() => {
    if (isReadOnly || isConflict || same(stored.current.draft, present)) return;
    if (state.kind === "failed" && state.isFinal && state.of === present) return;
    if (state.kind === "saved") setState({ kind: "unsaved" });
    const timer = window.setTimeout(() => void flush(), state.kind === "failed" ? RETRY_MS : PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [present, state, isConflict, isReadOnly]);

  useEffect(() => {
    const leave = (event: BeforeUnloadEvent) => {
      if (isReadOnly || same(stored.current.draft, latest.current)) return;
      void flush();
      event.preventDefault();
    };
    window.addEventListener("beforeunload", leave);
    return () => window.removeEventListener("beforeunload", leave);
  }, [isReadOnly]);

  return {
    state,
    flush,
    rebase(theirs) {
      stored.current = { draft: { name: theirs.name, definition: theirs.draft }, number: theirs.draft_number };
      setState({ kind: "saved" });
    },
  };
}
