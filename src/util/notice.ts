/** What stands with every result that a person sees. */
export const NOTICE = 'Not a medical device: for research, not for diagnosis or treatment.';
