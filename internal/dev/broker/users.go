package broker

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// User is a process, or several, that may connect.
type User struct {
	// Name is that of the user.
	Name string
	// Secret is a password of at least 16 characters, its bcrypt hash, or the public
	// part of an nkey, "U…", whose seed the process has.
	Secret string
	// Services are those that the user may act for: tell their facts, listen in their
	// groups, register their instances. "*" is every service.
	Services []string
}

// nkey reports whether the secret is the public part of an nkey.
func (u User) nkey() bool { return nkeys.IsValidPublicUserKey(u.Secret) }

// service matches the names of services.
var service = regexp.MustCompile(`^([a-z][a-z0-9_]*|\*)$`)

// ReadUsers reads a file with a user per line: name, secret and services, separated by
// blanks; without services the user acts for the one of its name. Lines that begin with
// # are comments. Only the file's owner may be able to read it.
func ReadUsers(path string) ([]User, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("users of the broker: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("users of the broker: other users can read %s; chmod 600 it", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("users of the broker: %w", err)
	}
	defer f.Close()
	var users []User
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		u, err := parseUser(words)
		if err != nil {
			return nil, fmt.Errorf("users of the broker: %s, line %d: %w", path, n, err)
		}
		users = append(users, u)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("users of the broker: %w", err)
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("users of the broker: %s names none", path)
	}
	return users, nil
}

var errUser = errors.New("must be: name secret [service…]")

func parseUser(words []string) (User, error) {
	if len(words) < 2 {
		return User{}, errUser
	}
	u := User{Name: words[0], Secret: words[1], Services: words[2:]}
	if len(u.Services) == 0 {
		u.Services = []string{u.Name}
	}
	for _, s := range u.Services {
		if !service.MatchString(s) {
			return User{}, fmt.Errorf("%q is not the name of a service; %w", s, errUser)
		}
	}
	if !u.nkey() && len(u.Secret) < 16 {
		return User{}, errors.New("the secret must be an nkey or have at least 16 characters")
	}
	return u, nil
}

// allow adds the users to the server's options.
func allow(o *server.Options, users []User) error {
	seen := map[string]bool{}
	for _, u := range users {
		if seen[u.Name] {
			return fmt.Errorf("broker: the user %q is there twice", u.Name)
		}
		seen[u.Name] = true
		permissions := permissionsOf(u.Services)
		if u.nkey() {
			o.Nkeys = append(o.Nkeys, &server.NkeyUser{Nkey: u.Secret, Permissions: permissions})
		} else {
			o.Users = append(o.Users, &server.User{Username: u.Name, Password: u.Secret, Permissions: permissions})
		}
	}
	return nil
}

// instances is the stream of the bucket in which services register; see package
// internal/discovery/kv.
const instances = "KV_amends-instances"

// permissionsOf returns the subjects that a user needs for its services. All may read
// every fact, how every group stands, and every instance, and make their streams if they are missing; nobody may
// change or delete them: who changes a stream can have it publish for other services.
func permissionsOf(services []string) *server.Permissions {
	publish := []string{
		"bell.>", "$JS.API.INFO", "$JS.API.STREAM.CREATE.EVENTS", "$JS.API.STREAM.INFO.EVENTS",
		"$JS.API.STREAM.MSG.GET.EVENTS", "$JS.API.DIRECT.GET.EVENTS", "$JS.API.DIRECT.GET.EVENTS.>", "$JS.API.CONSUMER.INFO.EVENTS.*",
		"$JS.API.CONSUMER.CREATE." + instances + ".>", "$JS.API.CONSUMER.INFO." + instances + ".*",
		"$JS.API.CONSUMER.DELETE." + instances + ".*", "$JS.FC." + instances + ".>",
	}
	for _, call := range []string{"CREATE", "INFO"} {
		publish = append(publish, "$JS.API.STREAM."+call+"."+instances)
	}
	for _, s := range services {
		publish = append(publish, "evt."+s+".>", "$JS.ACK.EVENTS."+s+".>", "$KV.amends-instances."+s+".>")
		for _, call := range []string{"CREATE", "MSG.NEXT", "UNPIN"} {
			publish = append(publish, "$JS.API.CONSUMER."+call+".EVENTS."+s)
		}
		publish = append(publish, "$JS.API.CONSUMER.CREATE.EVENTS."+s+".>")
	}
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>", "bell.>"}},
	}
}
