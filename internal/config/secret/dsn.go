package secret

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
)

// DSN names a database and contains its password. It prints without the password.
type DSN string

// String returns the DSN without user, password and parameters. Of a malformed DSN
// it shows the scheme at most, because the password may be anywhere in it.
func (d DSN) String() string {
	s := string(d)
	if s == "" || strings.HasPrefix(s, sqliteScheme) {
		return s
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return masked
	}
	// An @ behind the authority: a / ? or # of the password ended it too early.
	end := strings.IndexAny(rest, "/?#")
	u, err := url.Parse(s)
	if err != nil || end >= 0 && strings.Contains(rest[end:], "@") {
		return scheme + "://" + masked
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}

const (
	sqliteScheme = "sqlite:"
	notPostgres  = "must begin with postgres://"
)

// Rule returns the rule that d breaks as a service's database, "" for none.
func (d DSN) Rule() string {
	if path, ok := strings.CutPrefix(string(d), sqliteScheme); ok {
		switch {
		case path == "":
			return "needs a path after sqlite:"
		case strings.Contains(path, ":memory:"), strings.Contains(path, "?"):
			return "must name a file, without parameters"
		case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"): // a host, in a URL
			return "must be sqlite:PATH, without //"
		default:
			return d.textRule()
		}
	}
	if rule := d.ServerRule(); rule == notPostgres {
		return notPostgres + " or sqlite:"
	} else if rule != "" {
		return rule
	}
	if u, _ := url.Parse(string(d)); strings.Trim(u.Path, "/") == "" {
		return "needs a database name: postgres://user:password@host:port/NAME"
	}
	return ""
}

// ServerRule returns the rule that d breaks as a PostgreSQL server, "" for none.
func (d DSN) ServerRule() string {
	u, err := url.Parse(string(d))
	switch {
	case d.textRule() != "":
		return d.textRule()
	case err != nil:
		return "must be a URL such as postgres://user:password@host:5432/name (special characters of a password are %-encoded)"
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return notPostgres
	case u.Host == "" && u.Query().Get("host") == "":
		return "needs a host"
	case u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@"):
		return "has a #, / or ? in its password, which must be %-encoded"
	default:
		return ""
	}
}

// textRule returns the rule that the characters of d break, "" for none. A secret that
// comes from a file often ends with its line break.
func (d DSN) textRule() string {
	s := string(d)
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return "must not have a line break or another character that cannot be seen"
	case strings.TrimSpace(s) != s:
		return "must not begin or end with a space"
	default:
		return ""
	}
}

// Identity returns a text that is equal for two DSNs of one database, as far as
// their texts can tell.
func (d DSN) Identity() string {
	if path, ok := strings.CutPrefix(string(d), sqliteScheme); ok {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		return sqliteScheme + path
	}
	u, err := url.Parse(string(d))
	if err != nil {
		return string(d)
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if host == "" {
		host = u.Query().Get("host")
	}
	if host == "localhost" || host == "::1" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "5432"
	}
	return "postgres://" + net.JoinHostPort(host, port) + "/" + strings.Trim(u.Path, "/")
}
