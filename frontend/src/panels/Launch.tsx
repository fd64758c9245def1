/** How far the rule in force reaches, and at how many times the forecast it stops by itself. */
import { useEffect, useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import { IconButton } from "../page/parts";
import { useView } from "../page/view";
import { t } from "../texts";

const STEPS = ["shadow", "pilot", "tenth", "all"] as const;

interface LaunchRow {
  step: (typeof STEPS)[number];
  pilots: string[];
  forecast: number | null;
  factor: number;
  limit: number | null;
  fired: number;
  /** What the reader's newest back-test of this definition says. */
  tested?: number | null;
}

export function Launch() {
  const { api, rule, catalogue } = useView();
  const [launch, setLaunch] = useState<LaunchRow | null>(null);
  const [stored, setStored] = useState<LaunchRow | null>(null);
  const [told, setTold] = useState({ text: "", isBad: false });
  const mayChange = rule.may.includes("publish");
  const address = `rules/${rule.id}/launch/`;
  const failed = (error: ApiFailure) => setTold({ text: error.message || t("noConnection"), isBad: true });
  const show = (row: LaunchRow) => {
    setLaunch(row);
    setStored(row);
  };
  useEffect(() => {
    api<LaunchRow>("GET", address).then(show, failed);
  }, [rule.id, rule.version, rule.state]);
  if (!launch || !stored) return <p class="b-muted">{told.text || t("loading")}</p>;

  const set = (part: Partial<LaunchRow>) => setLaunch({ ...launch, ...part });
  const nameOf = (username: string) => catalogue.people.find((each) => each.username === username)?.name ?? username;
  const save = () => {
    const { step, pilots, forecast, factor } = launch;
    api<LaunchRow>("POST", address, { step, pilots, forecast, factor }).then((row) => {
      show(row);
      setTold({ text: t("launched", { step: t(`launch_${row.step}`) }), isBad: false });
    }, failed);
  };
  return (
    <div class="e-launch">
      <p class="b-muted">{t("launchHelp")}</p>
      <fieldset class="e-steps" disabled={!mayChange}>
        <legend class="e-hidden">{t("tab_launch")}</legend>
        {STEPS.map((each) => (
          <label key={each} class={`e-step ${each === launch.step ? "e-step-on" : ""}`}>
            <input
              type="radio"
              name="launch-step"
              checked={each === launch.step}
              onChange={() => set({ step: each })}
            />
            <span>
              <strong>{t(`launch_${each}`)}</strong>
              {each === stored.step && <em class="b-badge">{t("launchNow")}</em>}
              <small>{t(`launchHelp_${each}`)}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {launch.step === "pilot" && (
        <div class="e-labelled">
          <span class="e-label">{t("pilots")}</span>
          <p class="e-line">
            {launch.pilots.map((each) => (
              <span key={each} class="b-badge e-chip">
                {nameOf(each)}
                {mayChange && (
                  <IconButton
                    icon="close"
                    label={t("removePilot", { name: nameOf(each) })}
                    onClick={() => set({ pilots: launch.pilots.filter((one) => one !== each) })}
                  />
                )}
              </span>
            ))}
            <select
              class="e-control"
              aria-label={t("addPilot")}
              disabled={!mayChange}
              value=""
              onChange={(event) => set({ pilots: [...launch.pilots, event.currentTarget.value] })}
            >
              <option value="">{t("addPilot")}</option>
              {catalogue.people
                .filter((each) => !launch.pilots.includes(each.username))
                .map((each) => (
                  <option key={each.username} value={each.username}>
                    {each.name}
                  </option>
                ))}
            </select>
          </p>
        </div>
      )}
      <div class="e-row">
        <label class="e-labelled">
          <span class="e-label">{t("forecast")}</span>
          <span class="e-help">
            {launch.tested == null ? t("forecastNone") : t("forecastTested", { count: rounded(launch.tested) })}
          </span>
          <input
            class="e-control e-short"
            type="number"
            min="0"
            step="any"
            disabled={!mayChange}
            placeholder={launch.tested == null ? "–" : rounded(launch.tested)}
            value={launch.forecast ?? ""}
            onInput={(event) =>
              set({ forecast: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })
            }
          />
        </label>
        <label class="e-labelled">
          <span class="e-label">{t("factorOfForecast")}</span>
          <span class="e-help">{t("factorHelp")}</span>
          <input
            class="e-control e-short"
            type="number"
            min="1"
            max="100"
            step="any"
            disabled={!mayChange}
            value={launch.factor}
            onInput={(event) => set({ factor: Number(event.currentTarget.value) })}
          />
        </label>
      </div>
      <p class="b-note">
        {stored.limit === null ? t("neverStops") : t("stopsAt", { fired: stored.fired, limit: stored.limit })}
      </p>
      {mayChange && (
        <p>
          <button type="button" class="b-button b-primary" onClick={save}>
            {t("launchSave")}
          </button>
        </p>
      )}
      {told.text && (
        <p class={`b-note ${told.isBad ? "b-bad" : "b-good"}`} role={told.isBad ? "alert" : "status"}>
          {told.text}
        </p>
      )}
    </div>
  );
}

function rounded(count: number): string {
  return String(Math.round(count * 10) / 10);
}
