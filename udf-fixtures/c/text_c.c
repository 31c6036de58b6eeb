/* Functions over text, for the CANONICAL ABI, without any library: a core module that follows wit/text-c.wit.
 *
 * A string comes in as pointer and length of memory which the host took from cabi_realloc and which belongs to the
 * function from then on. A string goes out as the address of a pair of pointer and length, and the host gives it back
 * through cabi_post_<name>. So does a list. What has no length has no memory either.
 */

#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* ---- Memory: free lists of power-of-two sizes. The word before a block says which list it belongs to. ---- */

enum { HEADER = 8, SMALLEST = 4, LARGEST = 31, PAGE = 65536 };

struct block {
    struct block *next;
};

extern unsigned char __heap_base;
static struct block *free_lists[LARGEST + 1];
static uintptr_t fresh, end;

static void *allocate(size_t size)
{
    uint32_t class = SMALLEST;
    while (class < LARGEST && ((size_t)1 << class) < size)
        class++;
    struct block *block = free_lists[class];
    if (block) {
        free_lists[class] = block->next;
        return block;
    }
    if (!fresh) {
        fresh = ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
        end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    }
    uint64_t wanted = (uint64_t)fresh + HEADER + ((uint64_t)1 << class);
    if (wanted > end) {
        size_t pages = (size_t)((wanted - end + PAGE - 1) / PAGE);
        if (wanted > UINT32_MAX || __builtin_wasm_memory_grow(0, pages) == (size_t)-1)
            __builtin_trap();
        end += pages * PAGE;
    }
    *(uint32_t *)fresh = class;
    void *result = (void *)(fresh + HEADER);
    fresh = (uintptr_t)wanted;
    return result;
}

static uint32_t *class_of(void *pointer)
{
    return (uint32_t *)((uintptr_t)pointer - HEADER);
}

static void release(void *pointer)
{
    struct block *block = pointer;
    uint32_t class = *class_of(pointer);
    block->next = free_lists[class];
    free_lists[class] = block;
}

/* No type of this world needs an alignment above 4; blocks have 8. */
EXPORT("cabi_realloc")
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size)
{
    if (size == 0) {
        if (old_size)
            release(old);
        return (void *)align;
    }
    if (old_size == 0)
        return allocate(size);
    if (size <= (size_t)1 << *class_of(old))
        return old;
    void *moved = allocate(size);
    __builtin_memcpy(moved, old, old_size);
    release(old);
    return moved;
}

struct string {
    char *bytes;
    size_t length;
};

static struct string returned;

static void give_back(struct string *s)
{
    if (s->length)
        release(s->bytes);
    s->length = 0;
}

EXPORT("cabi_post_soundex")
void post_soundex(struct string *s)
{
    give_back(s);
}

EXPORT("cabi_post_title-case")
void post_title_case(struct string *s)
{
    give_back(s);
}

struct letter {
    struct string letter;
    uint32_t position;
};

struct letters {
    struct letter *items;
    size_t length;
};

static struct letters returned_letters;

/* The letters are parts of the word that came in, and the first one starts where the word does. */
EXPORT("cabi_post_letters")
void post_letters(struct letters *l)
{
    if (l->length) {
        release(l->items[0].letter.bytes);
        release(l->items);
    }
    l->length = 0;
}

/* ---- Letters ---- */

static int is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static char upper(char c)
{
    return is_letter(c) ? c & ~0x20 : c;
}

/* ---- The functions ---- */

EXPORT("soundex")
struct string *soundex(char *bytes, size_t length)
{
    /* The digit of each letter from A to Z: '0' for vowels, '-' for H and W, which do not part equal digits. */
    static const char digits[] = "01230120022455012623010202";
    static const char silent = '-';
    char code[4] = {0, '0', '0', '0'};
    size_t filled = 0;
    char last = 0;
    for (size_t i = 0; i < length && filled < 4; i++) {
        if (!is_letter(bytes[i]))
            continue;
        char letter = upper(bytes[i]);
        char digit = letter == 'H' || letter == 'W' ? silent : digits[letter - 'A'];
        if (filled == 0)
            code[filled++] = letter;
        else if (digit != silent && digit != '0' && digit != last)
            code[filled++] = digit;
        if (digit != silent)
            last = digit;
    }
    if (length)
        release(bytes);
    returned.length = filled ? 4 : 0;
    returned.bytes = filled ? allocate(4) : NULL;
    if (filled)
        __builtin_memcpy(returned.bytes, code, 4);
    return &returned;
}

EXPORT("title-case")
struct string *title_case(char *bytes, size_t length)
{
    int inside = 0;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        /* Bytes outside ASCII belong to letters, more often than not; an apostrophe is part of its word. */
        int part = is_letter(c) || (c >= '0' && c <= '9') || c == '\'' || (c & 0x80);
        if (is_letter(c))
            bytes[i] = inside ? c | 0x20 : c & ~0x20;
        inside = part;
    }
    returned.bytes = bytes;
    returned.length = length;
    return &returned;
}

/* The characters of a UTF-8 text; the host has made sure that it is well-formed. */
static size_t decode(const char *bytes, size_t length, uint32_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if ((byte & 0xc0) == 0x80)
            out[count - 1] = out[count - 1] << 6 | (byte & 0x3f);
        else
            out[count++] = byte < 0x80 ? byte : byte < 0xe0 ? byte & 0x1f : byte < 0xf0 ? byte & 0x0f : byte & 0x07;
    }
    return count;
}

EXPORT("levenshtein")
uint32_t levenshtein(char *a, size_t a_length, char *b, size_t b_length)
{
    uint32_t distance;
    if (a_length == 0 || b_length == 0) {
        char *rest = a_length ? a : b;
        distance = 0;
        for (size_t i = 0; i < a_length + b_length; i++)
            distance += (rest[i] & 0xc0) != 0x80;
    } else {
        uint32_t *left = allocate(4 * a_length), *right = allocate(4 * b_length), *row = allocate(4 * (b_length + 1));
        size_t rows = decode(a, a_length, left), columns = decode(b, b_length, right);
        for (size_t j = 0; j <= columns; j++)
            row[j] = j;
        for (size_t i = 0; i < rows; i++) {
            uint32_t diagonal = row[0];
            row[0] = i + 1;
            for (size_t j = 0; j < columns; j++) {
                uint32_t best = diagonal + (left[i] != right[j]);
                diagonal = row[j + 1];
                if (row[j] + 1 < best)
                    best = row[j] + 1;
                if (diagonal + 1 < best)
                    best = diagonal + 1;
                row[j + 1] = best;
            }
        }
        distance = row[columns];
        release(left);
        release(right);
        release(row);
    }
    if (a_length)
        release(a);
    if (b_length)
        release(b);
    return distance;
}

EXPORT("letters")
struct letters *letters(char *word, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += (word[i] & 0xc0) != 0x80;
    if (count > INT32_MAX / sizeof(struct letter))
        __builtin_trap();
    struct letter *items = count ? allocate(count * sizeof(struct letter)) : NULL;
    struct letter *next = items;
    for (size_t i = 0; i < length; i++) {
        if ((word[i] & 0xc0) != 0x80) {
            *next = (struct letter){{word + i, 0}, (uint32_t)(next - items)};
            next++;
        }
        next[-1].letter.length++;
    }
    returned_letters.items = items;
    returned_letters.length = count;
    return &returned_letters;
}
