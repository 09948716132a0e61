package setting

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

const (
	envPrefix = "AMENDS_"
	// envFile names the file, as --config does.
	envFile = envPrefix + "CONFIG"
)

// foreign matches variables that begin with our prefix and are no settings: those
// of this project's tests, and those that Kubernetes and Docker put into every
// container beside a service named amends-something.
var foreign = regexp.MustCompile(`^AMENDS_(TEST_\w*=|REQUIRE_POSTGRES=|(\w+_)?SERVICE_(HOST|PORT(_\w+)?)=|(\w+_)?PORT_\d+_(TCP|UDP|SCTP)(_\w+)?=|(\w+_)?PORT=(tcp|udp|sctp)://)`)

// Source has the values of a configuration. The zero Source has only the defaults.
type Source struct {
	// File is a YAML file. Empty: the one that AMENDS_CONFIG names, or none.
	File string
	// Environ is the environment, as [os.Environ] returns it.
	Environ []string
	// Platform is the file with the addresses of a running platform, for settings that
	// nothing else has. Empty: none.
	Platform string
	// Flags are those of the command, of which the given ones count; nil: none. See
	// [AddFlags].
	Flags *pflag.FlagSet
}

// Load sets the values of keys. It returns every wrong key and type as [Problems];
// values that break other rules are for the caller to find.
func Load(s Source, keys []Key) Problems {
	fromFile, problems := readFile(s.file(), keys)
	fromEnv, unknown := readEnviron(s.Environ, keys)
	fromPlatform, more := readFile(s.Platform, keys)
	problems = append(append(problems, unknown...), more...)
	for _, k := range keys {
		raw := fromEnv.Get(k.name)
		if raw == nil {
			raw = fromFile.Get(k.name)
		}
		if raw == nil {
			raw = fromPlatform.Get(k.name)
		}
		if s.Flags != nil && s.Flags.Changed(k.flag()) {
			// Not BindPFlag: it turns a malformed bool into false.
			raw = s.Flags.Lookup(k.flag()).Value.String()
		}
		if raw == nil {
			continue
		}
		if rule := k.set(raw); rule != "" {
			problems.Add(k.name, rule, k.show(raw))
		}
	}
	return problems
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

// readFile returns the file's values for known keys; none without a file.
func readFile(path string, known []Key) (*viper.Viper, Problems) {
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
		// The parser's message may quote the file, with its secrets: use only its line.
		return values, Problems{{"config", "must be YAML with every key once" + line(err), path}}
	}
	problems := misspelt(path)
	for _, key := range file.AllKeys() {
		i := slices.IndexFunc(known, func(k Key) bool { return k.name == key })
		switch {
		case i >= 0:
			values.Set(key, file.Get(key))
		case slices.ContainsFunc(known, func(k Key) bool { return strings.HasPrefix(k.name, key+".") }):
			if file.Get(key) != nil { // an empty section sets nothing
				problems.Add(key, "is a section with keys of its own, not a value", "")
			}
		default:
			problems.Add(key, "unknown key in "+path, "")
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	return values, problems
}

// misspelt returns the keys of a YAML file that are not in lower case. Viper takes them
// for those that are, and of two that differ in case only it takes any.
func misspelt(path string) (problems Problems) {
	var file yaml.Node
	if content, err := os.ReadFile(path); err != nil || yaml.Unmarshal(content, &file) != nil {
		return nil // viper has just read it
	}
	var walk func(n *yaml.Node, prefix string)
	walk = func(n *yaml.Node, prefix string) {
		if n.Kind != yaml.MappingNode {
			for _, c := range n.Content {
				walk(c, prefix)
			}
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := prefix + n.Content[i].Value
			if name := n.Content[i].Value; name != strings.ToLower(name) {
				problems.Add(key, "unknown key in "+path+": keys are in lower case", "")
			}
			walk(n.Content[i+1], key+".")
		}
	}
	walk(&file, "")
	return problems
}

// line returns the line that a YAML error names, in words.
func line(err error) string {
	if at := regexp.MustCompile(`line \d+`).FindString(err.Error()); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// readEnviron returns the environment's values for known keys.
func readEnviron(environ []string, known []Key) (*viper.Viper, Problems) {
	values := viper.New()
	var problems Problems
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envFile || value == "" {
			continue
		}
		i := slices.IndexFunc(known, func(k Key) bool { return k.env() == name })
		switch {
		case i >= 0:
			values.Set(known[i].name, value)
		case !foreign.MatchString(e):
			problems.Add(name, "unknown variable; those that begin with "+envPrefix+" must be keys", "")
		}
	}
	return values, problems
}
