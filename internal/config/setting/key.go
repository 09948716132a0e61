// Package setting reads settings into the fields of a struct: from a YAML file,
// environment variables and flags, with every problem at once. It is the only
// importer of Viper. Package config has the settings themselves.
package setting

import (
	"cmp"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/internal/config/secret"
)

// Key is one key of a configuration and the place of its value.
type Key struct {
	name, help string
	value      reflect.Value // settable
	readers    []string      // the kinds of processes that read it
}

// NewKey returns the key of a value; pointer is that of a string, a [secret.Text], a
// [secret.DSN], a bool, an int or a [time.Duration]. readers are the kinds of processes
// that read it.
func NewKey(name string, pointer any, readers ...string) Key {
	return Key{name: name, value: reflect.ValueOf(pointer).Elem(), readers: readers}
}

// Section is a part of a configuration that lists its keys itself.
type Section interface{ Keys() []Key }

// Keys returns the keys of the struct that c points to, in the order of declaration:
// a field's tags key and help are its name and its usage text, and a struct is a
// section. The tag reads lists the kinds of processes that read the field, with commas
// between them; without it, those of the section do. The fields are the only list of keys.
func Keys(c any) []Key { return collect(nil, "", "", reflect.ValueOf(c).Elem()) }

func collect(all []Key, prefix, readers string, v reflect.Value) []Key {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		name := prefix + t.Tag.Get("key")
		read := cmp.Or(t.Tag.Get("reads"), readers)
		if section, ok := reflect.TypeAssert[Section](v.Field(i)); ok {
			all = append(all, section.Keys()...)
		} else if t.Type.Kind() == reflect.Struct {
			all = collect(all, name+".", read, v.Field(i))
		} else {
			all = append(all, Key{name: name, help: t.Tag.Get("help"), value: v.Field(i), readers: split(read)})
		}
	}
	return all
}

// split returns the entries of a tag.
func split(tag string) []string {
	return strings.FieldsFunc(tag, func(r rune) bool { return r == ',' })
}

// Durations yields the keys of type [time.Duration]: their names and values.
func Durations(keys []Key) iter.Seq2[string, time.Duration] {
	return func(yield func(string, time.Duration) bool) {
		for _, k := range keys {
			if d, ok := reflect.TypeAssert[time.Duration](k.value); ok && !yield(k.name, d) {
				return
			}
		}
	}
}

// Name returns the key as a file of settings has it.
func (k Key) Name() string { return k.name }

// Readers returns the kinds of processes that read the key.
func (k Key) Readers() []string { return k.readers }

// env returns the environment variable of the key.
func (k Key) env() string { return envPrefix + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }

// flag returns the name of the key's flag.
func (k Key) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.name) }

// set decodes raw, which is text or a value of YAML, into the field. It returns the
// rule that raw breaks, "" for none.
func (k Key) set(raw any) (rule string) {
	text, isText := raw.(string)
	switch k.value.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return "must be a duration with a unit, such as 500ms, 10s or 5m"
		}
		k.value.SetInt(int64(d))
	case bool:
		b, isBool := raw.(bool)
		if !isBool {
			var err error
			if b, err = strconv.ParseBool(text); err != nil {
				return "must be true or false"
			}
		}
		k.value.SetBool(b)
	case int:
		n, err := strconv.Atoi(fmt.Sprint(raw))
		if err != nil {
			return "must be a whole number"
		}
		k.value.SetInt(int64(n))
	default: // string, secret.Text, secret.DSN
		if !isText {
			return "must be a text"
		}
		k.value.SetString(text)
	}
	return ""
}

// show returns raw in a form that a problem may show.
func (k Key) show(raw any) string {
	switch text := fmt.Sprint(raw); k.value.Interface().(type) {
	case secret.DSN:
		return secret.DSN(text).String()
	case secret.Text:
		return secret.Text(text).String()
	default:
		return text
	}
}
