package database

import (
	"net/url"
	"strings"
)

// Redact returns dsn without its secrets, for logs and messages: the password
// becomes "xxxxx" wherever a PostgreSQL URL can have one. A DSN that cannot be
// parsed is reduced to its scheme.
func Redact(dsn string) string {
	if strings.HasPrefix(dsn, "sqlite:") {
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil || !IsPostgres(dsn) {
		scheme, _, found := strings.Cut(dsn, "://")
		if !found {
			return "(malformed)"
		}
		return scheme + "://(malformed)"
	}
	q := u.Query()
	for key := range q {
		if strings.Contains(strings.ToLower(key), "password") {
			q.Set(key, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}
