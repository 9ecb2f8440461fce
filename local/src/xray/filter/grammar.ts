/**
 * The language of filter expressions as a peggy grammar.
 * Source: "Using filter expressions" in the X-Ray Developer Guide; all its examples are in the tests. Keywords and operators are read in
 * any case, terms that stand side by side are joined by AND, as the guide's examples do.
 */
export const FILTER_GRAMMAR = String.raw`
start = _ expression:or _ { return expression; }

or = head:and tail:(_ OR _ @and)* { return tail.length === 0 ? head : { kind: 'or', terms: [head, ...tail] }; }
and = head:not tail:((_ AND _ / _) @not)* { return tail.length === 0 ? head : { kind: 'and', terms: [head, ...tail] }; }
not = marks:("!" _)* term:primary { return marks.length % 2 === 0 ? term : { kind: 'not', term }; }
primary = "(" _ @or _ ")" / complex / simple

complex = service / edge / annotation / group / rootcause

service = SERVICE _ "(" _ id:selector? _ ")" filter:block?
  { return { kind: 'service', id: id ?? {}, ...(filter ? { filter } : {}), at: offset() }; }
edge = EDGE _ "(" _ ids:(source:selector _ "," _ destination:selector { return [source, destination]; })? _ ")" filter:block?
  { return { kind: 'edge', source: ids?.[0] ?? {}, destination: ids?.[1] ?? {}, ...(filter ? { filter } : {}), at: offset() }; }
block = _ "{" _ @or? _ "}"

selector = name:string { return { name }; }
  / ID _ "(" _ head:selectorPart tail:(_ "," _ @selectorPart)* _ ")" { return Object.assign({}, head, ...tail); }
selectorPart
  = key:selectorKey _ ":" _ value:string { return { [key]: value }; }
selectorKey "name, type or account.id"
  = "name"i !part { return 'name'; } / "type"i !part { return 'type'; } / "account.id"i !part { return 'accountId'; }

annotation = ANNOTATION key:annotationKey test:annotationTest? { return { kind: 'annotation', key, ...test, at: offset() }; }
annotationKey = "." @plainKey / "[" _ @(@string _ / bracketKey) "]"
plainKey "the key of an annotation" = $([A-Za-z0-9_]+ ("." [A-Za-z0-9_]+)*)
bracketKey "the key of an annotation" = text:$([^\]"]+) { return text.trim(); }
annotationTest
  = _ operator:equality _ value:(boolean / number / string) { return { operator, value }; }
  / _ operator:comparison _ value:number { return { operator, value }; }
  / _ operator:containment _ value:string { return { operator, value }; }

group = by:GROUP _ operator:equality _ value:string
  { return { kind: 'group', by, operator, value, at: offset() }; }

rootcause = ROOTCAUSE_JSON _ operator:equality _ "#" value:json { return { kind: 'rootcause-json', operator, value, at: offset() }; }
  / ROOTCAUSE cause:causeKind "." element:causeElement filter:block?
  { return { kind: 'rootcause', cause, element, ...(filter ? { filter } : {}), at: offset() }; }

simple
  = keyword:numberKeyword test:(_ operator:numberOperator _ value:number { return { operator, value }; })?
    { return { kind: 'number', keyword, ...test, at: offset() }; }
  / keyword:stringKeyword test:(_ operator:stringOperator _ value:(string / bareword) { return { operator, value }; })?
    { return { kind: 'string', keyword, ...test, at: offset() }; }
  / keyword:booleanKeyword test:(_ operator:equality _ value:boolean { return operator === '=' ? value : !value; })?
    { return { kind: 'boolean', keyword, value: test ?? true, at: offset() }; }

numberKeyword "a number keyword (responsetime, duration, http.status)"
  = word:$("responsetime"i / "duration"i / "http.status"i / "index"i / "coverage"i) !part { return word.toLowerCase(); }
stringKeyword "a string keyword (http.url, http.method, user, ...)"
  = word:$("http.url"i / "http.method"i / "http.useragent"i / "http.clientip"i / "user"i / "name"i / "type"i / "message"i
    / "availabilityzone"i / "instance.id"i / "resource.arn"i / "account.id"i) !part { return word.toLowerCase(); }
booleanKeyword "a boolean keyword (ok, error, throttle, fault, partial, ...)"
  = word:$("ok"i / "error"i / "throttle"i / "fault"i / "partial"i / "inferred"i / "first"i / "last"i / "remote"i / "root"i) !part
    { return word.toLowerCase(); }

numberOperator "=, !=, <, <=, > or >=" = equality / comparison
stringOperator "=, !=, CONTAINS, BEGINSWITH or ENDSWITH" = equality / containment
equality "= or !=" = "!=" / "="
comparison "<, <=, > or >=" = "<=" / ">=" / "<" / ">"
containment "CONTAINS, BEGINSWITH or ENDSWITH" = word:$("contains"i / "beginswith"i / "endswith"i) !part { return word.toUpperCase(); }

SERVICE "service()" = "service"i &(_ "(")
EDGE "edge()" = "edge"i &(_ "(")
ID "id()" = "id"i &(_ "(")
ANNOTATION "annotation.key" = "annotation"i &[.\[]
GROUP "group.name or group.arn" = "group."i by:("name"i / "arn"i) !part { return by.toLowerCase(); }
ROOTCAUSE_JSON "rootcause.json" = "rootcause.json"i !part
ROOTCAUSE "rootcause.fault.*, rootcause.error.* or rootcause.responsetime.*" = "rootcause."i !("json"i !part)
causeKind "fault, error or responsetime" = word:("fault"i / "error"i / "responsetime"i) !([A-Za-z0-9_]) { return word.toLowerCase(); }
causeElement "service, entity or exception" = word:("service"i / "entity"i / "exception"i) !part { return word.toLowerCase(); }
AND "AND" = "and"i !part
OR "OR" = "or"i !part

number "a number" = text:$("-"? ([0-9]+ ("." [0-9]*)? / "." [0-9]+) ("e"i [+-]? [0-9]+)?) ![A-Za-z_] { return Number(text); }
boolean "true or false" = "true"i !part { return true; } / "false"i !part { return false; }
string = quote parts:character* closingQuote { return parts.join(''); }
character "more text" = [^"\\] / "\\" @.
quote "text in double quotes" = '"'
closingQuote "a closing quote" = '"' 
bareword "text in double quotes" = !((AND / OR) _) @$([A-Za-z_] [A-Za-z0-9_:./-]*)
part = [A-Za-z0-9_.\[]

json "JSON" = text:jsonText { return JSON.parse(text); }
jsonText = $(jsonObject / jsonList / jsonString / jsonWord)
jsonObject = "{" _ (jsonMember (_ "," _ jsonMember)*)? _ "}"
jsonMember = jsonString _ ":" _ (jsonObject / jsonList / jsonString / jsonWord)
jsonList = "[" _ (jsonItem (_ "," _ jsonItem)*)? _ "]"
jsonItem = jsonObject / jsonList / jsonString / jsonWord
jsonString = '"' ([^"\\\u0000-\u001f] / "\\" (["\\/bfnrt] / "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F]))* '"'
jsonWord = "true" / "false" / "null" / "-"? [0-9]+ ("." [0-9]+)? ([eE] [+-]? [0-9]+)?

_ "blank" = [ \t\r\n]*
`;
