// Package header reads the request headers that routes share: Accept, Content-Type,
// Idempotency-Key and Prefer. Its errors are problems.
package header

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/amends/amends/api/problem"
)

// Choose returns the media type that a client prefers of those offered, the first of
// equals, and false if it takes none of them. The most specific range of its Accept header
// that matches a type decides about that type (RFC 9110, 12.5.1). Without ranges it takes
// everything.
func Choose(h http.Header, offers ...string) (chosen string, ok bool) {
	accept := ranges(h)
	best := 0.0
	for _, offer := range offers {
		if q := accept.quality(offer); q > best {
			chosen, best = offer, q
		}
	}
	return chosen, best > 0
}

// mediaRange is an element of Accept with its weight.
type mediaRange struct {
	name    string
	quality float64
}

type mediaRanges []mediaRange

// ranges reads the Accept headers of a client, whose parameters but the weight do not matter.
func ranges(h http.Header) (all mediaRanges) {
	for part := range splitUnquoted(strings.Join(h.Values("Accept"), ","), ',') {
		name, parameters, _ := strings.Cut(part, ";")
		if name = strings.ToLower(strings.Trim(name, " \t")); name != "" {
			all = append(all, mediaRange{name, quality(parameters)})
		}
	}
	return all
}

// quality returns the weight of a media type, 0 if it is not accepted. Of ranges that are
// equally specific the highest counts.
func (all mediaRanges) quality(offer string) float64 {
	if len(all) == 0 {
		return 1
	}
	kind, _, _ := strings.Cut(offer, "/")
	for _, name := range []string{offer, kind + "/*", "*/*"} {
		best, found := 0.0, false
		for _, r := range all {
			if r.name == name {
				best, found = max(best, r.quality), true
			}
		}
		if found {
			return best
		}
	}
	return 0
}

// quality returns the weight among a media range's parameters, 1 if none is valid.
func quality(parameters string) float64 {
	for p := range splitUnquoted(parameters, ';') {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.Trim(name, " \t"), "q") {
			continue
		}
		if q, err := strconv.ParseFloat(strings.Trim(value, " \t"), 64); err == nil {
			return q
		}
	}
	return 1
}

// CheckContent refuses a body that is not plain JSON in UTF-8.
func CheckContent(h http.Header) error {
	for _, encoding := range h.Values("Content-Encoding") {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return problem.New(problem.EncodingUnsupported, "")
		}
	}
	types := h.Values("Content-Type")
	if len(types) != 1 {
		return problem.New(problem.MediaTypeUnsupported, "")
	}
	kind, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/json" {
		return problem.New(problem.MediaTypeUnsupported, "")
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return problem.New(problem.MediaTypeUnsupported, "The only parameter of application/json may be charset=utf-8.")
		}
	}
	return nil
}
