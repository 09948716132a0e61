package letters

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/api/problem"
)

// Limits of a page of dead letters.
const (
	defaultLetters = 20
	maxLetters     = 100
)

// letterQuery selects a page of dead letters.
type letterQuery struct {
	groups []string // those from the cursor on
	key    string   // empty: any
	after  int64    // the position in the first group
	limit  int
}

// query reads the parameters of a list.
func (s *Letters) query(p url.Values) (q letterQuery, err error) {
	q = letterQuery{groups: s.config.Desk.Groups(), key: p.Get("key"), limit: defaultLetters}
	if group := p.Get("group"); group != "" {
		if err := s.here(group); err != nil {
			return q, err
		}
		q.groups = []string{group}
	}
	if text := p.Get("limit"); text != "" {
		if q.limit, err = strconv.Atoi(text); err != nil || q.limit < 1 || q.limit > maxLetters {
			return q, problem.New(problem.BadRequest, fmt.Sprintf("The limit must be a number from 1 to %d.", maxLetters))
		}
	}
	if text := p.Get("cursor"); text != "" {
		group, after, ok := parseCursor(text)
		i := slices.Index(q.groups, group)
		if !ok || i < 0 {
			return q, problem.New(problem.BadRequest, "The cursor is not one of this list.")
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
