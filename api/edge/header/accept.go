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

// AcceptsJSON reports whether a client takes application/json: the most specific
// range of its Accept header that matches decides (RFC 9110, 12.5.1).
func AcceptsJSON(h http.Header) bool {
	values := h.Values("Accept")
	if len(values) == 0 {
		return true
	}
	best, accepted, ranges := 0, false, 0
	for part := range splitUnquoted(strings.Join(values, ","), ',') {
		part, parameters, _ := strings.Cut(part, ";")
		part = strings.ToLower(strings.Trim(part, " \t"))
		if part == "" {
			continue
		}
		ranges++
		specific := map[string]int{"*/*": 1, "application/*": 2, "application/json": 3}[part]
		switch {
		case specific > best:
			best, accepted = specific, quality(parameters) > 0
		case specific == best && best > 0:
			accepted = accepted || quality(parameters) > 0
		}
	}
	return accepted || ranges == 0
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
