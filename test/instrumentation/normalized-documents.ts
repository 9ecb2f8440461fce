/**
 * Documents of X-Ray as two runs of the same function have to have them: ids replaced by where they point to, times by whether they are there,
 * ports and frames of stacks left out. Sorted, because calls at the same time end in any order.
 */
export function normalizedDocuments(documents: any[], facadeId: string): string[] {
  const byId = new Map(documents.flatMap(flatten).map(document => [document.id, document]));
  const pathOf = (id: string | undefined): string => {
    if (id === undefined || id === facadeId) {
      return id === undefined ? 'none' : 'facade';
    }
    const document = byId.get(id);
    return document ? `${pathOf(document.parent_id)} > ${document.name}` : `unknown ${id.length}`;
  };
  const normalize = (key: string, value: any): unknown => {
    switch (key) {
      case 'id': return typeof value === 'string' && byId.has(value) ? `id of ${pathOf(value)}` : `${value}`.replace(/^[0-9a-f]{16}$/, 'id');
      case 'parent_id': return pathOf(value);
      case 'start_time': case 'end_time': return Number.isFinite(value) ? 'time' : value;
      case 'stack': return Array.isArray(value) ? `${value.length > 0 ? 'frames' : 'no frames'}` : value;
      default: return typeof value === 'string' ? value.replace(/(127\.0\.0\.1):\d+/g, '$1:PORT') : value;
    }
  };
  return documents.map(document => JSON.stringify(document, normalize)).sort();
}

function flatten(document: any): any[] {
  return [document, ...(document.subsegments ?? []).flatMap((child: any) => flatten({ parent_id: document.id, ...child }))];
}
