-- +goose Up
-- The words of orders and products, by seq, of even and odd generations.
CREATE TABLE order_words_0 (seq bigint PRIMARY KEY, words tsvector NOT NULL);
CREATE TABLE order_words_1 (seq bigint PRIMARY KEY, words tsvector NOT NULL);
CREATE TABLE product_words_0 (seq bigint PRIMARY KEY, words tsvector NOT NULL, name tsvector NOT NULL);
CREATE TABLE product_words_1 (seq bigint PRIMARY KEY, words tsvector NOT NULL, name tsvector NOT NULL);
CREATE INDEX order_words_0_words ON order_words_0 USING gin (words);
CREATE INDEX order_words_1_words ON order_words_1 USING gin (words);
CREATE INDEX product_words_0_words ON product_words_0 USING gin (words);
CREATE INDEX product_words_1_words ON product_words_1 USING gin (words);

-- +goose Down
DROP TABLE product_words_1;
DROP TABLE product_words_0;
DROP TABLE order_words_1;
DROP TABLE order_words_0;
