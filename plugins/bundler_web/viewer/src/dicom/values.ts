// Dates, times and people's names as people write them.

/** "DOE, John" of "DOE^John^^^=..."; prefix before, suffix after. */
export function personName(value: string): string {
  const groups = value.split('=').map((group) => {
    const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map((p) => p.trim());
    const first = [prefix, given, middle].filter(Boolean).join(' ');
    return [family, first].filter(Boolean).join(', ') + (suffix ? ` ${suffix}` : '');
  });
  return groups.filter(Boolean).join(' · ');
}

/** "2020-01-31" of "20200131"; anything else as it is. */
export const isoDate = (da: string) => da.replace(/^(\d{4})\.?(\d{2})\.?(\d{2})$/, '$1-$2-$3');

/** "10:05" of "100512.123". */
export const clock = (tm: string) => tm.replace(/^(\d{2}):?(\d{2}).*$/, '$1:$2');

/** "2020-01-31 10:05" of "20200131100512+0100". */
export const isoDateTime = (dt: string) => dt.replace(/^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2}).*$/, '$1-$2-$3 $4:$5');
