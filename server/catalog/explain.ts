import type { Operation } from '../providers/index.ts';
import {
  aspectRatioProblem,
  countProblem,
  durationProblem,
  type FieldProblem,
  hasDuration,
  hasSize,
  isCount,
  normalize,
  type PriceRequest,
  shown,
  sizeProblem,
} from './request.ts';
import type { ModelRow } from './snapshot.ts';
import { enumerate } from './text.ts';

/** Why no model takes a request: the arguments that none takes by itself, or that they do not go together. */
export function explain(
  operation: Operation,
  rows: readonly ModelRow[],
  request: PriceRequest,
): readonly FieldProblem[] {
  const taken = (part: Partial<PriceRequest>) =>
    rows.some((row) => 'request' in normalize(row, { operation, hasImage: true, ...part }));
  const { size, quality, count, durationSeconds, aspectRatio } = request;
  const problems: FieldProblem[] = [];

  if (size != null && !taken({ size })) {
    const there = unique(rows.flatMap(({ sizes }) => sizes));
    problems.push(
      rows.some(hasSize)
        ? (sizeProblem(size) ?? {
            path: 'size',
            message: `No model for ${operation} makes ${size}; there are ${enumerate(there, 'and')}.`,
          })
        : { path: 'size', message: `${operation} takes no size; leave it out.` },
    );
  }
  if (quality != null && !taken({ quality })) {
    const there = unique(rows.flatMap(({ qualities }) => qualities)).sort();
    const message =
      there.length === 0
        ? `No model for ${operation} has a choice of quality; leave it out.`
        : `No model for ${operation} has a quality ${shown(quality)}; there are ${enumerate(there, 'and')}.`;
    problems.push({ path: 'quality', message });
  }
  const most = Math.max(...rows.map(({ maxCount }) => maxCount));
  if (count != null && !isCount(count, most)) problems.push(countProblem(count, most, operation));
  if (durationSeconds != null && !taken({ durationSeconds })) {
    const there = unique(rows.flatMap(({ durations }) => durations)).sort((one, other) => one - other);
    problems.push(
      rows.some(hasDuration)
        ? (durationProblem(durationSeconds) ?? {
            path: 'durationSeconds',
            message: `No model for ${operation} makes clips of ${durationSeconds} seconds; there are ${enumerate(there, 'and')}.`,
          })
        : { path: 'durationSeconds', message: `${operation} takes no duration; leave it out.` },
    );
  }
  if (aspectRatio != null && !taken({ aspectRatio })) {
    problems.push(
      (operation === 'GENERATE_VIDEO' ? aspectRatioProblem(aspectRatio) : null) ?? {
        path: 'aspectRatio',
        message: `${operation} takes no aspect ratio; leave it out.`,
      },
    );
  }
  if (problems.length > 0) return problems;
  if (taken({ ...request, hasImage: true })) {
    const message = `Every model for ${operation} that takes these arguments needs an image to start from; give one.`;
    return [{ path: 'imageUrl', message }];
  }
  const message = `No single model for ${operation} takes all of these arguments together; leave some out, or name a model.`;
  return [{ path: 'model', message }];
}

function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}
