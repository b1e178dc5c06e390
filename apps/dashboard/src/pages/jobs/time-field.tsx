import { parseLocalField, toLocalField } from './local-time.ts';
import { useDraft } from './use-draft.ts';

export interface TimeFieldProps {
  label: string;
  /** As the API takes it. */
  time: string | undefined;
  onChange: (time: string) => void;
}

/** In the operator's own time zone. A year is written digit by digit: what is asked for waits for its end. */
export function TimeField({ label, time, onChange }: TimeFieldProps) {
  const { shown, change, finish } = useDraft(toLocalField(time), (field) => onChange(parseLocalField(field)));
  return (
    <label>
      <span className="field-label">{label}</span>
      <input type="datetime-local" value={shown} onChange={({ target }) => change(target.value)} onBlur={finish} />
    </label>
  );
}
