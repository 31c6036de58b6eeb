;;! Names that clear the terminal and write lines of their own, in the message that lists the exports.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error the module exports no function f
;;error all is well
(module
  (func (export "\1b[2J\08\08\08 all is well \07\00")))
