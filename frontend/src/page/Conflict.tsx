/** Two people edit the same rule: one chooses whose draft goes on. */
import { t } from "../texts";
import type { RuleRow } from "./rule";

export function Conflict({
  theirs,
  onTake,
  onKeep,
}: {
  theirs: RuleRow;
  onTake(theirs: RuleRow): void;
  onKeep(theirs: RuleRow): void;
}) {
  return (
    <div class="b-note b-wait e-conflict" role="alertdialog" aria-label={t("conflictTitle")}>
      <p>
        <strong>{theirs.edited_by ? t("conflictBy", { name: theirs.edited_by }) : t("conflictTitle")}</strong>{" "}
        {t("conflictHelp")}
      </p>
      <p class="b-acts">
        <button type="button" class="b-button" onClick={() => onTake(theirs)}>
          {t("conflictTheirs")}
        </button>
        <button type="button" class="b-button" onClick={() => onKeep(theirs)}>
          {t("conflictMine")}
        </button>
      </p>
    </div>
  );
}
