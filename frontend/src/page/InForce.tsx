/** Publishing, stopping and starting the rule. */
import { useState } from "preact/hooks";
import { errorsOf, type ApiFailure } from "../api";
import { t, type TextKey } from "../texts";
import { FirstTime } from "./FirstTime";
import { placeShow } from "./Mending";
import { Icon } from "./parts";
import type { RuleRow } from "./rule";
import { useView } from "./view";

interface InForceProps {
  isPublished: boolean;
  runsPage: string;
  onRule(rule: RuleRow): void;
  flush(): Promise<boolean>;
}

export function InForce({ isPublished, runsPage, onRule, flush }: InForceProps) {
  const { api, rule, problems } = useView();
  const [note, setNote] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [told, setTold] = useState<{ text: string; isBad: boolean } | null>(null);
  if (!rule.may.includes("publish")) return null;
  const isStopped = rule.state !== "live" && rule.state !== "draft";
  const first = errorsOf(problems)[0];

  async function act(work: () => Promise<string>) {
    setBusy(true);
    try {
      setTold({ text: await work(), isBad: false });
      onRule(await api<RuleRow>("GET", `rules/${rule.id}/`));
    } catch (error) {
      const failure = error as ApiFailure;
      setTold({
        text: failure.problems?.length ? t("problemsFirst") : failure.message || t("noConnection"),
        isBad: failure.data?.["code"] !== "approval",
      });
    } finally {
      setBusy(false);
    }
  }
  const publish = async () => {
    if (first) {
      setTold({ text: t("problemsFirst"), isBad: true });
      placeShow(first.pointer);
      return;
    }
    await act(async () => {
      if (!(await flush())) throw new Error(t("unsaved"));
      const version = await api<{ number: number }>("POST", `rules/${rule.id}/publish/`, { note });
      setNote("");
      return t("published", { number: version.number });
    });
  };
  const turn = (address: "off" | "on", words: TextKey) =>
    act(async () => {
      await api("POST", `rules/${rule.id}/${address}/`);
      return t(words);
    });
  const stop = () => window.confirm(t("stopConfirm")) && void turn("off", "stopped");
  return (
    <>
      <div class="e-in-force">
        {isPublished ? (
          <span class="b-muted e-grow">{t("nothingToPublish")}</span>
        ) : (
          <>
            <input
              class="e-control e-grow"
              maxLength={200}
              placeholder={t("publishNote")}
              aria-label={t("publishNote")}
              value={note}
              onInput={(event) => setNote(event.currentTarget.value)}
            />
            <button type="button" class="b-button b-primary" disabled={isBusy} onClick={() => void publish()}>
              {isBusy ? t("publishing") : t("publish")}
            </button>
          </>
        )}
        {rule.state === "live" && (
          <button type="button" class="b-button e-stop" disabled={isBusy} onClick={stop}>
            <Icon name="front_hand" /> {t("stop")}
          </button>
        )}
        {isStopped && rule.version !== null && (
          <button type="button" class="b-button" disabled={isBusy} onClick={() => void turn("on", "started")}>
            {t("start")}
          </button>
        )}
      </div>
      {rule.state_reason && <p class="b-note b-bad">{rule.state_reason}</p>}
      {told && (
        <p class={`b-note ${told.isBad ? "b-bad" : "b-good"}`} role={told.isBad ? "alert" : "status"}>
          {told.text}
        </p>
      )}
      {rule.state === "live" && <FirstTime runsPage={runsPage} />}
    </>
  );
}
