package strictjson

import "fmt"

// Limits bound the structure of a value. All of them must be set.
type Limits struct {
	Depth  int // arrays and objects that are open at once
	Fields int // of one object
	Name   int // bytes of an object's name, as it is written
	Values int // in the whole value: members, elements, and the value itself
}

// exceeded returns the issue of a value that is beyond the limits. It comes before any
// parser that recurses, so it looks at brackets, commas and colons outside of strings
// only, and the input may be no JSON at all.
func (l Limits) exceeded(data []byte) (Issue, bool) {
	var open []int // the fields of each open object; arrays stay at 0
	values, name := 1, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			start := i + 1
			i = closing(data, start)
			name = i - start
		case ':':
			if name > l.Name {
				return tooLarge("a name longer than %d bytes", l.Name)
			}
			if n := len(open); n > 0 {
				if open[n-1]++; open[n-1] > l.Fields {
					return tooLarge("more than %d fields in an object", l.Fields)
				}
			}
		case '{', '[':
			if open = append(open, 0); len(open) > l.Depth {
				return Issue{Code: TooDeep, Detail: fmt.Sprintf("must not nest deeper than %d", l.Depth)}, true
			}
			values++
		case '}', ']':
			open = open[:max(0, len(open)-1)]
		case ',':
			values++
		}
		if values > l.Values {
			return tooLarge("more than %d values", l.Values)
		}
	}
	return Issue{}, false
}

func tooLarge(format string, limit int) (Issue, bool) {
	return Issue{Code: TooLarge, Detail: fmt.Sprintf("must not have "+format, limit)}, true
}

// closing returns the position of the quote that ends a string, or the data's length.
func closing(data []byte, i int) int {
	for ; i < len(data) && data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return min(i, len(data))
}
