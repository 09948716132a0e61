package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one key of the configuration and where its value is kept.
type field struct {
	key   string
	help  string
	value reflect.Value // settable
}

// fields returns every key of c, in the order of its declaration. It is the
// struct that says which keys there are; nothing else lists them.
func fields(c *Config) []field { return collect(nil, "", reflect.ValueOf(c).Elem()) }

func collect(all []field, prefix string, v reflect.Value) []field {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		key := t.Tag.Get("key")
		switch {
		case t.Anonymous: // the fields that services have in common
			all = collect(all, prefix, v.Field(i))
		case t.Type.Kind() == reflect.Struct:
			all = collect(all, prefix+key+".", v.Field(i))
		default:
			all = append(all, field{key: prefix + key, help: t.Tag.Get("help"), value: v.Field(i)})
		}
	}
	return all
}

// env returns the environment variable of the key.
func (f field) env() string { return envPrefix + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_")) }

// flag returns the name of the key's flag.
func (f field) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(f.key) }

// set decodes raw, which is text or what YAML made of it, into the field. It
// returns the rule that raw breaks, "" for none.
func (f field) set(raw any) (rule string) {
	text, isText := raw.(string)
	switch f.value.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return "must be a duration with a unit, such as 500ms, 10s or 5m"
		}
		f.value.SetInt(int64(d))
	case bool:
		b, isBool := raw.(bool)
		if !isBool {
			var err error
			if b, err = strconv.ParseBool(text); err != nil {
				return "must be true or false"
			}
		}
		f.value.SetBool(b)
	case int:
		n, err := strconv.Atoi(fmt.Sprint(raw))
		if err != nil {
			return "must be a whole number"
		}
		f.value.SetInt(int64(n))
	default: // string, Secret, DSN
		if !isText {
			return "must be a text"
		}
		f.value.SetString(text)
	}
	return ""
}

// show returns raw as a problem may show it.
func (f field) show(raw any) string {
	switch text := fmt.Sprint(raw); f.value.Interface().(type) {
	case DSN:
		return DSN(text).String()
	case Secret:
		return Secret(text).String()
	default:
		return text
	}
}
