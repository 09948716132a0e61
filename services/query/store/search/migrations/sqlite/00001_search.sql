-- +goose Up
-- The words of orders and products, by seq, of even and odd generations. Words come cut
-- and in lower case, so the tokenizer only splits them at spaces.
CREATE VIRTUAL TABLE order_words_0 USING fts5(words, content='', contentless_delete=1, tokenize='ascii', prefix='2 3');
CREATE VIRTUAL TABLE order_words_1 USING fts5(words, content='', contentless_delete=1, tokenize='ascii', prefix='2 3');
CREATE VIRTUAL TABLE product_words_0 USING fts5(words, name, content='', contentless_delete=1, tokenize='ascii', prefix='2 3');
CREATE VIRTUAL TABLE product_words_1 USING fts5(words, name, content='', contentless_delete=1, tokenize='ascii', prefix='2 3');

-- +goose Down
DROP TABLE product_words_1;
DROP TABLE product_words_0;
DROP TABLE order_words_1;
DROP TABLE order_words_0;
