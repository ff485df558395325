// Words at the beginning of a sentence, or on their own.

export const capitalized = (words) => words.slice(0, 1).toUpperCase() + words.slice(1);
