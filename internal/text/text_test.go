package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/text"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s          string
		code, line error
	}{
		"Plain":                {"MUG-STONEWARE", nil, nil},
		"InnerSpace":           {"MUG 2", nil, nil},
		"OtherScripts":         {"杯子-ζ-чашка", nil, nil},
		"Digits":               {"4006381333931", nil, nil},
		"Emoji":                {"🫖", nil, nil},
		"Empty":                {"", text.ErrBlank, text.ErrBlank},
		"Spaces":               {"   ", text.ErrInvisible, text.ErrBlank},
		"NoBreakSpaces":        {"\u00a0\u2003", text.ErrInvisible, text.ErrBlank},
		"SpaceBefore":          {" MUG", text.ErrInvisible, nil},
		"SpaceAfter":           {"MUG\u00a0", text.ErrInvisible, nil},
		"ZeroWidth":            {"MUG\u200b", text.ErrInvisible, nil},
		"OnlyZeroWidth":        {"\u200b\u200d\ufeff", text.ErrInvisible, text.ErrBlank},
		"Joiner":               {"نامه\u200cای", text.ErrInvisible, nil}, // a name needs it
		"SoftHyphen":           {"MU\u00adG", text.ErrInvisible, nil},
		"HangulFillers":        {"\u115f\u3164\uffa0", text.ErrInvisible, text.ErrBlank},
		"BrailleBlank":         {"\u2800\u2800", text.ErrBlank, text.ErrBlank},
		"VariationSelector":    {"MUG\ufe0f", text.ErrInvisible, nil},
		"OnlyCombiningMarks":   {"\u0301\u0302", text.ErrBlank, text.ErrBlank},
		"CombiningMark":        {"Zoe\u0308", nil, nil},
		"Tag":                  {"MUG\U000e0041", text.ErrInvisible, nil},
		"Tab":                  {"a\tb", text.ErrInvisible, text.ErrControl},
		"Newline":              {"a\nb", text.ErrInvisible, text.ErrControl},
		"NUL":                  {"a\x00b", text.ErrInvisible, text.ErrControl},
		"Delete":               {"a\x7fb", text.ErrInvisible, text.ErrControl},
		"LineSeparator":        {"a\u2028b", text.ErrInvisible, text.ErrControl},
		"Override":             {"a\u202eb", text.ErrInvisible, text.ErrControl},
		"Isolate":              {"a\u2066b", text.ErrInvisible, text.ErrControl},
		"NotUTF8":              {"a\xffb", text.ErrEncoding, text.ErrEncoding},
		"EncodedSurrogate":     {"\xed\xa0\x80", text.ErrEncoding, text.ErrEncoding},
		"EscapeOfATerminal":    {"\x1b[31mred", text.ErrInvisible, text.ErrControl},
		"PunctuationIsVisible": {"-", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, text.Code(c.s), c.code)
			require.ErrorIs(t, text.Line(c.s), c.line)
		})
	}
}
