import type { Fact } from './facts.ts';

/** Names and what they stand for; what has parts is indented. */
export function FactsList({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map((fact, index) => (
        <FactRow key={index} fact={fact} />
      ))}
    </dl>
  );
}

function FactRow({ fact }: { fact: Fact }) {
  return (
    <div className={fact.is === 'text' ? 'fact' : 'fact wide'}>
      <dt>{fact.label}</dt>
      <dd>
        {fact.is === 'text' && fact.text}
        {fact.is === 'group' && <FactsList facts={fact.facts} />}
        {fact.is === 'table' && <FactsTable caption={fact.label} columns={fact.columns} rows={fact.rows} />}
      </dd>
    </div>
  );
}

interface FactsTableProps {
  caption: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

function FactsTable({ caption, columns, rows }: FactsTableProps) {
  return (
    <div className="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, index) => (
            <tr key={index}>
              {cells.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
