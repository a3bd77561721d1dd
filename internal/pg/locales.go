package pg

import "context"

// localesSQL: what decides on the order has another column in releases 15, 16,
// and from 17 on, where the server's own provider ("b") needs no library.
const localesSQL = `SELECT DISTINCT CASE WHEN pg_catalog.to_jsonb(d) OPERATOR(pg_catalog.->>) 'datlocprovider' OPERATOR(pg_catalog.=) 'b' THEN 'C'
 ELSE coalesce(pg_catalog.to_jsonb(d) OPERATOR(pg_catalog.->>) 'datlocale', pg_catalog.to_jsonb(d) OPERATOR(pg_catalog.->>) 'daticulocale', d.datcollate::pg_catalog.text) END
 FROM pg_catalog.pg_database d ORDER BY 1`

// Locales are the locales that databases sort texts by, each once. "C" and
// "POSIX" are those that no library has a part in.
func (s *Session) Locales(ctx context.Context) ([]string, error) {
	res, err := s.query(ctx, "ask the server for its locales", localesSQL)
	if err != nil {
		return nil, err
	}
	var locales []string
	for _, cols := range res[0].Rows {
		r := &row{cols: cols}
		locales = append(locales, r.string())
		if r.err != nil {
			return nil, r.err
		}
	}
	return locales, nil
}
