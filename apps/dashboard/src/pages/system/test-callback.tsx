import type { TestCallbackAnswer } from '@tapedeck/contracts';
import { useMutation } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { post } from '../../api/client.ts';
import { Badge } from '../../ui/badge.tsx';
import { describeError } from '../../ui/states.tsx';
import { describeDelivery } from './describe-delivery.ts';

/** Does a receiver get our callbacks? One is sent there, once. */
export function TestCallback() {
  const [url, setUrl] = useState('');
  const [inputId, hintId] = [useId(), useId()];
  const { mutate, isPending, data, error, reset } = useMutation({
    mutationFn: (callbackUrl: string) => post<TestCallbackAnswer>('/api/test-callback', { callbackUrl }),
  });
  const send = (event: FormEvent): void => {
    event.preventDefault();
    mutate(url.trim());
  };
  const change = (changed: string): void => {
    setUrl(changed);
    reset();
  };
  return (
    <section aria-labelledby="test-callback" className="card">
      <h2 id="test-callback">Test callback</h2>
      <p className="muted" id={hintId}>
        Sends one signed callback, as callers get them, about no job of theirs, and says what came back.
      </p>
      <form onSubmit={send} className="test-form">
        <label htmlFor={inputId}>URL of the receiver</label>
        <div className="buttons">
          <input
            {...{ id: inputId, value: url, 'aria-describedby': hintId }}
            type="url"
            required
            maxLength={2048}
            placeholder="https://example.com/callback"
            onChange={({ target }) => change(target.value)}
          />
          <button type="submit" disabled={isPending}>
            {isPending ? 'Sending …' : 'Send'}
          </button>
        </div>
      </form>
      <div role="status" className="test-outcome">
        {data && (
          <p>
            <Badge tone={data.isDelivered ? 'good' : 'bad'}>{data.isDelivered ? 'delivered' : 'not delivered'}</Badge>{' '}
            {describeDelivery(data)}
          </p>
        )}
        {error && (
          <p>
            <Badge tone="bad">not sent</Badge> {describeError(error)}
          </p>
        )}
      </div>
    </section>
  );
}
