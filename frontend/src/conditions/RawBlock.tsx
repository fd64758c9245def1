/** A part of a condition that the tree cannot draw: read, moved or taken out, never altered. */
import type { RuleProps } from "react-querybuilder";
import { jsonFormat } from "../json";
import { t } from "../texts";
import { RemoveCondition } from "./controls";
import type { Leaf } from "./tree";

export function RawBlock(props: RuleProps) {
  const leaf = props.rule as Leaf;
  return (
    <div class="e-raw">
      <div class="e-raw-head">
        <strong>{t("keptAsWritten")}</strong>
        <RemoveCondition
          {...(props as never as Parameters<typeof RemoveCondition>[0])}
          handleOnClick={() => props.actions.onRuleRemove(props.path)}
          ruleOrGroup={leaf}
        />
      </div>
      <p class="b-muted">{t("keptHelp")}</p>
      <details>
        <summary>{t("asJson")}</summary>
        <pre class="b-pre" tabIndex={0}>
          {jsonFormat(leaf.raw, 2)}
        </pre>
      </details>
    </div>
  );
}
