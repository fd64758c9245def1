/** The top of the page: what the rule is called, whether it is saved, what it says, and putting it in force. */
import type { Draft, DraftChange, History } from "../draft";
import { inLanguage, isChinese, t } from "../texts";
import { InForce } from "./InForce";
import { IconButton } from "./parts";
import type { RuleRow } from "./rule";
import { SentenceEditor } from "./SentenceEditor";
import type { SaveState } from "./saving";
import { useView } from "./view";

interface HeaderProps {
  draft: Draft;
  history: History;
  saving: SaveState;
  sentence: string;
  rulePage: string;
  runsPage: string;
  isPublished: boolean;
  change(change: DraftChange): void;
  onRule(rule: RuleRow): void;
  flush(): Promise<boolean>;
}

export function Header({
  draft,
  history,
  saving,
  sentence,
  rulePage,
  runsPage,
  isPublished,
  change,
  onRule,
  flush,
}: HeaderProps) {
  const { rule, isReadOnly } = useView();
  const language = isChinese() ? "zh-hans" : "en";
  return (
    <header class="b-card e-header">
      <div class="e-header-row">
        <label class="e-name">
          <span class="e-hidden">{t("ruleName")}</span>
          <input
            class="e-name-input"
            value={inLanguage(draft.name)}
            maxLength={120}
            disabled={isReadOnly}
            aria-label={t("ruleName")}
            onInput={(event) => change({ type: "name", language, text: event.currentTarget.value, at: Date.now() })}
          />
        </label>
        <span class={`b-badge ${rule.state === "live" ? "b-good" : ""}`}>
          {t(`state_${rule.state}`)}
          {rule.version !== null && ` · ${t("versionShort", { number: rule.version })}`}
        </span>
        <span class="e-save" role="status" data-state={saving.kind}>
          {savingWords(saving)}
        </span>
        {!isReadOnly && (
          <span title={t("keyboard")}>
            <IconButton
              icon="undo"
              label={t("undo")}
              disabled={history.past.length === 0}
              onClick={() => change({ type: "undo" })}
            />
            <IconButton
              icon="redo"
              label={t("redo")}
              disabled={history.future.length === 0}
              onClick={() => change({ type: "redo" })}
            />
          </span>
        )}
        <a class="e-link" href={rulePage}>
          {t("rulePage")}
        </a>
      </div>
      <SentenceEditor
        sentence={sentence}
        onDraft={(definition) => change({ type: "replace", draft: { name: draft.name, definition } })}
      />
      <InForce runsPage={runsPage} isPublished={isPublished} onRule={onRule} flush={flush} />
    </header>
  );
}

function savingWords(saving: SaveState): string {
  switch (saving.kind) {
    case "failed":
      return t("saveFailed", { reason: saving.reason });
    case "conflict":
      return t("unsaved");
    default:
      return t(saving.kind);
  }
}
