package letters

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
)

// letterQuery selects a page of dead letters.
type letterQuery struct {
	groups []string // those from the cursor on
	key    string   // empty: any
	after  int64    // the position in the first group
	limit  int
}

// read reads the query of a URL.
func (s *Letters) read(raw string) (q letterQuery, err error) {
	var p contract.ListDeadLettersParams
	if err := s.query.Read(raw, &p); err != nil {
		return q, err //nolint:wrapcheck // a problem
	}
	q = letterQuery{groups: s.config.Desk.Groups(), key: parameter.Value(p.Key), limit: parameter.Limit(p.Limit)}
	if group := parameter.Value(p.Group); group != "" {
		if err := s.here(group); err != nil {
			return q, err
		}
		q.groups = []string{group}
	}
	if p.Cursor != nil {
		group, after, ok := parseCursor(*p.Cursor)
		i := slices.Index(q.groups, group)
		if !ok || i < 0 {
			return q, problem.ForeignCursor(nil) //nolint:wrapcheck // a problem
		}
		q.groups, q.after = q.groups[i:], after
	}
	return q, nil
}

// cursor returns the place in a list behind a position of a group.
func cursor(group string, after int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(group + " " + strconv.FormatInt(after, 10)))
}

// parseCursor is the inverse of cursor.
func parseCursor(text string) (group string, after int64, ok bool) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", 0, false
	}
	group, position, _ := strings.Cut(string(plain), " ")
	after, err = strconv.ParseInt(position, 10, 64)
	return group, after, err == nil && after >= 0
}
