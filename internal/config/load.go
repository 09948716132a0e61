package config

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

const (
	envPrefix = "AMENDS_"
	// envFile names the file, as --config does.
	envFile = envPrefix + "CONFIG"
)

// foreign are variables that begin with our prefix but are not ours to judge:
// those of this project's tests, and those that Kubernetes and Docker put into
// every container beside a service named amends-something.
var foreign = regexp.MustCompile(`^AMENDS_(TEST_\w*=|REQUIRE_POSTGRES=|(\w+_)?SERVICE_(HOST|PORT(_\w+)?)=|(\w+_)?PORT_\d+_(TCP|UDP|SCTP)(_\w+)?=|(\w+_)?PORT=(tcp|udp|sctp)://)`)

// Source says where values come from. The zero Source has only the defaults.
type Source struct {
	// File is a YAML file; empty is the one that AMENDS_CONFIG names, or none.
	File string
	// Environ is the environment, as [os.Environ] returns it.
	Environ []string
	// Flags are those that the command has; nil is none. Only those that were
	// given count. See [AddFlags].
	Flags *pflag.FlagSet
}

// Load returns the configuration of a process that cannot start without what
// needs says. Its error is [Problems]: everything that is wrong with keys,
// types and, through [Config.Validate], values.
func Load(s Source, needs Needs) (Config, error) {
	c := Default()
	all := fields(&c)
	fromFile, problems := readFile(s.file(), all)
	fromEnv, unknown := readEnviron(s.Environ, all)
	problems = append(problems, unknown...)

	v := viper.New()
	for _, layer := range []*viper.Viper{fromFile, fromEnv} { // the later one wins
		if err := v.MergeConfigMap(layer.AllSettings()); err != nil {
			return Config{}, fmt.Errorf("merge configuration: %w", err)
		}
	}
	for _, f := range all {
		if s.Flags != nil && s.Flags.Changed(f.flag()) {
			// Not BindPFlag: it turns a bool that is none into false.
			v.Set(f.key, s.Flags.Lookup(f.flag()).Value.String())
		}
		raw := v.Get(f.key)
		if raw == nil {
			continue
		}
		if rule := f.set(raw); rule != "" {
			problems = append(problems, Problem{f.key, rule, f.show(raw)})
		}
	}
	problems = append(problems, c.problems(needs, s.Environ)...)
	return c, problems.err()
}

func (s Source) file() string {
	if s.File != "" {
		return s.File
	}
	for _, e := range s.Environ {
		if file, ok := strings.CutPrefix(e, envFile+"="); ok {
			return file
		}
	}
	return ""
}

// readFile returns the values that the file has for known keys. No file is no values.
func readFile(path string, known []field) (*viper.Viper, Problems) {
	values := viper.New()
	if path == "" {
		return values, nil
	}
	file := viper.New()
	file.SetConfigFile(path)
	file.SetConfigType("yaml")
	if err := file.ReadInConfig(); err != nil {
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			return values, Problems{{"config", strconv.Quote(path) + " cannot be read: " + pathErr.Err.Error(), ""}}
		}
		// The parser's message may quote the file, secrets included: it names the line.
		return values, Problems{{"config", "must be YAML with every key once" + line(err), path}}
	}
	var problems Problems
	for _, key := range file.AllKeys() {
		i := slices.IndexFunc(known, func(f field) bool { return f.key == key })
		switch {
		case i >= 0:
			values.Set(key, file.Get(key))
		case slices.ContainsFunc(known, func(f field) bool { return strings.HasPrefix(f.key, key+".") }):
			if file.Get(key) != nil { // an empty section sets nothing
				problems = append(problems, Problem{key, "is a section with keys of its own, not a value", ""})
			}
		default:
			problems = append(problems, Problem{key, "unknown key in " + path, ""})
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	return values, problems
}

// line returns the place that a YAML error names, in words.
func line(err error) string {
	if at := regexp.MustCompile(`line \d+`).FindString(err.Error()); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// readEnviron returns the values that the environment has for known keys.
func readEnviron(environ []string, known []field) (*viper.Viper, Problems) {
	values := viper.New()
	var problems Problems
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envFile || value == "" {
			continue
		}
		i := slices.IndexFunc(known, func(f field) bool { return f.env() == name })
		switch {
		case i >= 0:
			values.Set(known[i].key, value)
		case !foreign.MatchString(e):
			problems = append(problems, Problem{name, "unknown variable; those that begin with " + envPrefix + " must be keys", ""})
		}
	}
	return values, problems
}
